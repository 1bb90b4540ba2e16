"""Sticker borders: one closed line around all parts of a motif."""

from __future__ import annotations

from shapely import MultiPolygon

from gpu_tasks.tools.cutting.tracing.shapes import extract_polygons, fill_holes, grow
from gpu_tasks.tools.cutting.tracing.widths import keep_wide_parts

FIRST_BRIDGE = 0.02  # of the longer side: radius of the first attempt to join parts
BRIDGE_FACTOR = 2.0
MAX_BRIDGE = 8.0  # of the longer side; a larger radius hardly differs from a straight line


def add_border(outline: MultiPolygon, border_mm: float, smallest_mm: float) -> MultiPolygon:
    """Return one shape without holes around the outline, at least `border_mm` larger on all sides.

    Separate parts are joined by the narrowest bridge that is at least `smallest_mm` wide.
    """
    border = fill_holes(grow(outline, border_mm))
    left, top, right, bottom = border.bounds
    side = max(right - left, bottom - top)
    radius = FIRST_BRIDGE * side
    while len(keep_wide_parts(border, smallest_mm).geoms) > 1:
        if radius > MAX_BRIDGE * side:
            return extract_polygons(border.convex_hull)
        closed = fill_holes(grow(grow(border, radius), -radius))
        joined = fill_holes(extract_polygons(closed.union(border)))
        if len(keep_wide_parts(joined, smallest_mm).geoms) == 1:
            return joined
        radius *= BRIDGE_FACTOR
    return border
