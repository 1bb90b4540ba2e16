"""Shapes: areas of a picture as polygons in millimetres.

Polygons are exact and curves are not: shapely checks that none crosses itself, offsets them and measures their widths.
Curves are fitted to the finished polygons.
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

from gpu_tasks.tools.cutting.ground import find_window

Contour: TypeAlias = list[NDArray[np.float64]]

QUARTER_SEGMENTS = 8  # straight lines for a quarter of a rounded corner


def find_contours(field: NDArray[np.float32], mm_per_pixel: float, smallest_mm: float = 0) -> list[Contour]:
    """Return the contours of the area where a field (height, width) is above 0: an outer ring and its holes each,
    (points, 2) in mm, closed, the largest first.

    The origin is the picture's top left corner. Rings with less area than half a square of `smallest_mm` are left out,
    as no part of them is that wide.
    """
    # Outside the picture is nothing, so shapes are closed at its edge. The generator copies its input several times, so
    # it gets the area only.
    around = np.pad(field, 1, constant_values=min(-1.0, float(field.min())))
    window = find_window(around >= 0, 1)
    if not window:
        return []
    rows, columns = window
    generator = contour_generator(
        x=np.arange(columns.start, columns.stop, dtype=np.float64),
        y=np.arange(rows.start, rows.stop, dtype=np.float64),
        z=around[window],
        fill_type=FillType.OuterOffset,
    )
    filled = cast("tuple[list[NDArray[np.float64]], list[NDArray[np.uint32]]]", generator.filled(0, np.inf))
    smallest, found = smallest_mm**2 / 2, []
    for points, starts in zip(*filled, strict=True):
        outer, *holes = [(points[start:end] - 0.5) * mm_per_pixel for start, end in pairwise(starts)]
        if len(outer) > 3 and measure_area(outer) >= smallest:
            found.append([outer, *(hole for hole in holes if len(hole) > 3 and measure_area(hole) >= smallest)])
    return sorted(found, key=lambda contour: -measure_area(contour[0]))


def fill_contours(found: Iterable[Contour]) -> MultiPolygon:
    """Return the area inside contours, without lines that cross themselves."""
    return extract_polygons(make_valid(MultiPolygon([Polygon(outer, holes) for outer, *holes in found])))


def measure_area(ring: NDArray[np.float64]) -> float:
    """Return the area of a closed ring (points, 2)."""
    x, y = (ring - ring[0]).T
    return float(abs(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2)


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


def fill_holes(shape: MultiPolygon) -> MultiPolygon:
    """Return the shape without its holes."""
    return extract_polygons(MultiPolygon([Polygon(piece.exterior) for piece in shape.geoms]).buffer(0))


def grow(shape: MultiPolygon, distance_mm: float) -> MultiPolygon:
    """Move the edge of a shape outwards, or inwards for a negative distance. Convex corners become round."""
    return extract_polygons(shape.buffer(distance_mm, quad_segs=QUARTER_SEGMENTS))
