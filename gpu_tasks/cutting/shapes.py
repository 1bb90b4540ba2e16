"""Regions of a picture as polygons that a blade can follow, in millimetres.

Polygons are exact where curves are guesses: shapely tells that none crosses itself, offsets them and drops what is
too small, and a tolerance well below a blade's width keeps them as smooth as they are cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, make_valid
from shapely.geometry.base import BaseGeometry

FINEST_MM = 0.05  # a cutting machine's step is half of that, its blade's kerf twice


def trace(field: NDArray[np.float32], mm_per_pixel: float) -> MultiPolygon:
    """Where a field (height, width) is above 0, as polygons in mm with the picture's top left corner as origin."""
    # Outside the picture is nothing: what reaches its edge is closed there.
    around = np.pad(field, 1, constant_values=min(-1.0, float(field.min())))
    generator = contour_generator(z=around, fill_type=FillType.OuterOffset)
    filled = cast("tuple[list[NDArray[np.float64]], list[NDArray[np.uint32]]]", generator.filled(0, np.inf))
    polygons = []
    for points, starts in zip(*filled, strict=True):
        parts = [points[start:end] for start, end in pairwise(starts)]
        outer, *holes = [(part - 0.5) * mm_per_pixel for part in parts if len(part) > 3]
        polygons.append(Polygon(outer, holes))
    return polygons_of(make_valid(MultiPolygon(polygons)))


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


def nodes_of(shape: MultiPolygon) -> int:
    """How many points a machine goes to."""
    return sum(len(ring.coords) - 1 for piece in shape.geoms for ring in (piece.exterior, *piece.interiors))
