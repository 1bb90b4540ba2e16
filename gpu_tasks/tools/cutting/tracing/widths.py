"""Widths: what is too narrow to cut, measured along the path of a blade.

A part is too narrow where no disc of the smallest width fits into the shape, and the part reaches further from the rest
than it may be wide. A pointed tip is as narrow as any line at its end, but it does not reach far, so tips stay. The
same holds for the gaps between parts: material in a gap that is too narrow tears.
"""

from __future__ import annotations

import numpy as np
from shapely import MultiPolygon, bounds, box, get_parts, prepare

from gpu_tasks.tools.cutting.tracing.shapes import extract_polygons, grow

SLACK = 1e-3  # share of the smallest width; a disc of polygons is a little smaller than a round one
TIP = 0.95  # of the smallest width: size of a part that cannot reach further; a disc of polygons has 0.98 of its radius


def keep_wide_parts(shape: MultiPolygon, smallest_mm: float) -> MultiPolygon:
    """Remove the parts of a shape that are narrower than `smallest_mm`."""
    return extract_polygons(shape.difference(find_narrow_parts(shape, smallest_mm)))


def close_narrow_gaps(shape: MultiPolygon, smallest_mm: float) -> MultiPolygon:
    """Fill the holes and the gaps of a shape that are narrower than `smallest_mm`."""
    if shape.is_empty:
        return shape
    room = box(*shape.bounds).buffer(3 * smallest_mm, join_style="mitre")
    gaps = find_narrow_parts(extract_polygons(room.difference(shape)), smallest_mm)
    return extract_polygons(shape.union(gaps))


def find_narrow_parts(shape: MultiPolygon, smallest_mm: float) -> MultiPolygon:
    """Return the parts of a shape that are narrower than `smallest_mm` and reach further than that from the rest."""
    radius = smallest_mm / 2 * (1 - SLACK)
    wide = grow(grow(shape, -radius), radius * (1 + SLACK))
    parts = get_parts(extract_polygons(shape.difference(wide)))
    if not _has_far_pieces(shape, wide):
        # Each part touches the rest. Most parts are so small that they cannot reach far.
        sizes = bounds(parts)
        parts = parts[np.hypot(*(sizes[:, 2:] - sizes[:, :2]).T) >= TIP * smallest_mm]
    if not len(parts):
        return MultiPolygon()
    near = grow(wide, smallest_mm)
    prepare(near)
    return MultiPolygon([part for part in parts if not near.covers(part)])


def _has_far_pieces(shape: MultiPolygon, wide: MultiPolygon) -> bool:
    """Return whether a piece of a shape does not touch its wide parts."""
    prepare(wide)
    return not all(wide.intersects(piece) for piece in get_parts(shape))
