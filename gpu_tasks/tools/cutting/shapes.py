"""Shapes: areas of a picture as polygons in millimetres, for a cutting machine.

Polygons are exact and curves are not: shapely checks that none crosses itself, offsets them and removes small pieces. A
tolerance far below the width of a blade keeps them smooth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TypeAlias, cast

import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, make_valid
from shapely.geometry.base import BaseGeometry

Contour: TypeAlias = list[NDArray[np.float64]]

MIN_TOLERANCE_MM = 0.05  # a machine's step is half of this, a blade's kerf twice


def find_contours(field: NDArray[np.float32], mm_per_pixel: float, smallest_mm: float = 0) -> list[Contour]:
    """Return the contours of the area where a field (height, width) is above 0: an outer ring and its holes each,
    (points, 2) in mm, closed.

    The origin is the picture's top left corner. Rings with less area than a square of `smallest_mm` are left out.
    """
    # Outside the picture is nothing, so shapes are closed at its edge.
    around = np.pad(field, 1, constant_values=min(-1.0, float(field.min())))
    generator = contour_generator(z=around, fill_type=FillType.OuterOffset)
    filled = cast("tuple[list[NDArray[np.float64]], list[NDArray[np.uint32]]]", generator.filled(0, np.inf))
    found = []
    for points, starts in zip(*filled, strict=True):
        outer, *holes = [(points[start:end] - 0.5) * mm_per_pixel for start, end in pairwise(starts)]
        if len(outer) > 3 and _measure_area(outer) >= smallest_mm**2:
            found.append([outer, *(hole for hole in holes if len(hole) > 3 and _measure_area(hole) >= smallest_mm**2)])
    return found


def fill_contours(found: Iterable[Contour]) -> MultiPolygon:
    """Return the area inside contours, without lines that cross themselves."""
    return extract_polygons(make_valid(MultiPolygon([Polygon(outer, holes) for outer, *holes in found])))


def _measure_area(ring: NDArray[np.float64]) -> float:
    """Return the area of a closed ring (points, 2)."""
    x, y = (ring - ring[0]).T
    return float(abs(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2)


def drop_small_pieces(shape: MultiPolygon, smallest_mm: float) -> MultiPolygon:
    """Remove pieces and holes that are too small to cut: those with less area than a square of `smallest_mm`."""
    min_area = smallest_mm**2
    kept = [
        Polygon(piece.exterior, [hole for hole in piece.interiors if Polygon(hole).area >= min_area])
        for piece in shape.geoms
        if piece.area >= min_area
    ]
    return MultiPolygon(kept)


def simplify(shape: MultiPolygon, tolerance_mm: float) -> MultiPolygon:
    """Remove nodes. No remaining line moves by more than the tolerance."""
    return extract_polygons(make_valid(shape.simplify(tolerance_mm, preserve_topology=True)))


def offset(shape: MultiPolygon, distance_mm: float) -> MultiPolygon:
    """Grow a shape by a border with rounded corners, and fill its holes."""
    grown = extract_polygons(shape.buffer(distance_mm, quad_segs=12))
    return extract_polygons(MultiPolygon([Polygon(piece.exterior) for piece in grown.geoms]).buffer(0))


def extract_polygons(shape: BaseGeometry) -> MultiPolygon:
    """Return the polygons of a geometry, without its lines and points, which have nothing to cut."""
    return MultiPolygon(list(_polygons(shape)))


def _polygons(shape: BaseGeometry) -> Iterator[Polygon]:
    if isinstance(shape, Polygon):
        if not shape.is_empty:
            yield shape
    elif hasattr(shape, "geoms"):
        for part in shape.geoms:
            yield from _polygons(part)


def count_rings(shape: MultiPolygon) -> int:
    """Count the closed lines that a machine follows."""
    return sum(1 + len(piece.interiors) for piece in shape.geoms)


def count_nodes(shape: MultiPolygon) -> int:
    """Count the points that a machine moves to."""
    return sum(len(ring.coords) - 1 for piece in shape.geoms for ring in (piece.exterior, *piece.interiors))
