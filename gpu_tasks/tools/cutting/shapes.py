"""Regions of a picture as polygons that a blade can follow, in millimetres.

Polygons are exact where curves are guesses: shapely tells that none crosses itself, offsets them and drops what is
too small, and a tolerance well below a blade's width keeps them as smooth as they are cut.
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

FINEST_MM = 0.05  # a cutting machine's step is half of that, its blade's kerf twice


def contours(field: NDArray[np.float32], mm_per_pixel: float, smallest_mm: float = 0) -> list[Contour]:
    """Where a field (height, width) is above 0: an outer ring and its holes each, (points, 2) in mm, closed.

    The picture's top left corner is the origin. Rings of less area than a square of `smallest_mm` are left out.
    """
    # Outside the picture is nothing: what reaches its edge is closed there.
    around = np.pad(field, 1, constant_values=min(-1.0, float(field.min())))
    generator = contour_generator(z=around, fill_type=FillType.OuterOffset)
    filled = cast("tuple[list[NDArray[np.float64]], list[NDArray[np.uint32]]]", generator.filled(0, np.inf))
    found = []
    for points, starts in zip(*filled, strict=True):
        outer, *holes = [(points[start:end] - 0.5) * mm_per_pixel for start, end in pairwise(starts)]
        if len(outer) > 3 and _area(outer) >= smallest_mm**2:
            found.append([outer, *(hole for hole in holes if len(hole) > 3 and _area(hole) >= smallest_mm**2)])
    return found


def polygons_within(found: Iterable[Contour]) -> MultiPolygon:
    """What contours hold, without a line that crosses itself."""
    return polygons_of(make_valid(MultiPolygon([Polygon(outer, holes) for outer, *holes in found])))


def _area(ring: NDArray[np.float64]) -> float:
    """Of a closed ring (points, 2)."""
    x, y = (ring - ring[0]).T
    return float(abs(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2)


def cuttable(shape: MultiPolygon, smallest_mm: float) -> MultiPolygon:
    """Without pieces and holes that are too small to cut: those of less area than a square of that side."""
    least = smallest_mm**2
    kept = [
        Polygon(piece.exterior, [hole for hole in piece.interiors if Polygon(hole).area >= least])
        for piece in shape.geoms
        if piece.area >= least
    ]
    return MultiPolygon(kept)


def simplified(shape: MultiPolygon, tolerance_mm: float) -> MultiPolygon:
    """With fewer nodes, none of which is further from where it was than the tolerance."""
    return polygons_of(make_valid(shape.simplify(tolerance_mm, preserve_topology=True)))


def offset(shape: MultiPolygon, distance_mm: float) -> MultiPolygon:
    """A border all around it, with rounded corners; what is inside counts as its own."""
    grown = polygons_of(shape.buffer(distance_mm, quad_segs=12))
    return polygons_of(MultiPolygon([Polygon(piece.exterior) for piece in grown.geoms]).buffer(0))


def polygons_of(shape: BaseGeometry) -> MultiPolygon:
    """The polygons of a geometry; whatever lines and points there are beside them have nothing to cut."""
    return MultiPolygon(list(_polygons(shape)))


def _polygons(shape: BaseGeometry) -> Iterator[Polygon]:
    if isinstance(shape, Polygon):
        if not shape.is_empty:
            yield shape
    elif hasattr(shape, "geoms"):
        for part in shape.geoms:
            yield from _polygons(part)


def rings_of(shape: MultiPolygon) -> int:
    """How many closed lines a machine follows."""
    return sum(1 + len(piece.interiors) for piece in shape.geoms)


def nodes_of(shape: MultiPolygon) -> int:
    """How many points a machine goes to."""
    return sum(len(ring.coords) - 1 for piece in shape.geoms for ring in (piece.exterior, *piece.interiors))
