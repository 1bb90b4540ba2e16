"""Sheets: the area of each colour of a cut-out, wide enough to cut everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from shapely import MultiPolygon

from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.cutting.ground import find_window
from gpu_tasks.tools.cutting.tracing.budget import MIN_RING_NODES
from gpu_tasks.tools.cutting.tracing.flaws import check_kept
from gpu_tasks.tools.cutting.tracing.palette import Palette, choose_palette
from gpu_tasks.tools.cutting.tracing.shapes import Contour, extract_polygons, fill_contours, find_contours, measure_area
from gpu_tasks.tools.cutting.tracing.widths import close_narrow_gaps, keep_wide_parts

Layering: TypeAlias = Literal["stacked", "knockout"]

SMOOTHING = 0.25  # of the smallest width; each pixel gets the prevailing colour around it
ROUNDS = 3  # of giving narrow areas to their neighbours; a neighbour can become narrow by it


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """An area in mm and its colour, `#rrggbb`."""

    colour: str
    shape: MultiPolygon


def trace_sheets(
    motif: Pixels,
    outline: MultiPolygon,
    *,
    mm_per_pixel: float,
    smallest_mm: float,
    max_colours: int,
    layering: Layering,
    max_nodes: int,
) -> list[Sheet]:
    """Return the sheets of a cut-out (height, width, 4), from the bottom to the top. The first has the largest area.

    If they are stacked, the first sheet is the whole outline and lies below all others, so no gap shows between them.
    If they are knocked out, no sheet lies below another.

    Raises ImageFlawed if a sheet has more pieces than `max_nodes` nodes can go around.
    """
    palette = choose_palette(motif, max_colours, record_activity)
    chosen = widen_areas(palette, smallest_mm / mm_per_pixel)
    present = [number for number in range(len(palette.colours)) if (chosen == number).any()]
    fields = _smooth(chosen, present, SMOOTHING * smallest_mm / mm_per_pixel)
    contours = _find_largest(fields, mm_per_pixel, smallest_mm, max_nodes)
    sheets: list[Sheet] = []
    for place, number in enumerate(present):
        record_activity()
        if place == 0 and (layering == "stacked" or len(present) == 1):
            sheets.append(Sheet(colour=palette.colours[number], shape=outline))
            continue
        shape = extract_polygons(fill_contours(contours[place]).intersection(outline))
        if layering == "stacked":
            shape = extract_polygons(close_narrow_gaps(shape, smallest_mm).intersection(outline))
        elif sheets:
            shape = _subtract(shape, sheets)
        shape = keep_wide_parts(shape, smallest_mm)
        if not shape.is_empty:
            sheets.append(Sheet(colour=palette.colours[number], shape=shape))
    return sheets


def _find_largest(
    fields: NDArray[np.float32], mm_per_pixel: float, smallest_mm: float, max_nodes: int
) -> list[list[Contour]]:
    """Return the contours of each colour that there are enough nodes for, the largest ones.

    Raises ImageFlawed if these are too little of the whole, before any further work on them.
    """
    found: list[list[Contour]] = []
    for place, field in enumerate(fields):
        others = np.delete(fields, place, 0).max(0) if len(fields) > 1 else np.zeros_like(field)
        found.append(find_contours(field - others - 1e-6, mm_per_pixel, smallest_mm))
    areas = sorted((measure_area(contour[0]) for contours in found for contour in contours), reverse=True)
    most = max_nodes // MIN_RING_NODES
    check_kept(sum(areas[:most]), sum(areas), max_nodes)
    least = areas[most - 1] if len(areas) > most else 0.0
    return [[contour for contour in contours if measure_area(contour[0]) >= least] for contours in found]


def _subtract(shape: MultiPolygon, sheets: Sequence[Sheet]) -> MultiPolygon:
    for sheet in sheets:
        shape = extract_polygons(shape.difference(sheet.shape))
    return shape


def _smooth(chosen: NDArray[np.int64], present: Sequence[int], sigma: float) -> NDArray[np.float32]:
    """Return how much of the surroundings of each pixel each colour has (colours, height, width)."""
    fields = [ndimage.gaussian_filter((chosen == number).astype(np.float32), sigma) for number in present]
    return np.stack(fields) if fields else np.zeros((0, *chosen.shape), np.float32)


def widen_areas(palette: Palette, smallest: float) -> NDArray[np.int64]:
    """Return the index of each pixel's colour after areas narrower than `smallest` pixels were given to the nearest
    other colour. An area that has no neighbour keeps its colour.
    """
    chosen = palette.chosen
    solid = chosen >= 0
    for _ in range(ROUNDS):
        record_activity()
        narrow = np.zeros_like(solid)
        for number in range(len(palette.colours)):
            narrow |= find_narrow_pixels(chosen == number, ~solid, smallest)
        wide = solid & ~narrow
        if not narrow.any() or not wide.any():
            break
        nearest = ndimage.distance_transform_edt(~wide, return_distances=False, return_indices=True)
        chosen = np.where(narrow, chosen[tuple(nearest)], chosen)
    return chosen


def find_narrow_pixels(area: NDArray[np.bool_], outside: NDArray[np.bool_], smallest: float) -> NDArray[np.bool_]:
    """Return the pixels of an area that no disc of this diameter inside the area covers, and that reach further than
    that from those that one covers.

    The width of the cut-out itself is another check, so discs may extend beyond it, over the pixels `outside`.
    """
    narrow = np.zeros_like(area)
    reach = int(np.ceil(smallest)) + 2
    window = find_window(area, reach)
    if not window:
        return narrow
    own, beyond = area[window], outside[window]
    room = np.pad(own | beyond, reach, constant_values=True)
    middle = ndimage.distance_transform_edt(room) >= smallest / 2
    if not middle.any():
        narrow[window] = own
        return narrow
    wide = (ndimage.distance_transform_edt(~middle) < smallest / 2)[reach:-reach, reach:-reach] & own
    if not wide.any():
        narrow[window] = own
        return narrow
    rest, count = ndimage.label(own & ~wide, structure=np.ones((3, 3)))
    if not count:
        return narrow
    away = ndimage.distance_transform_edt(~wide)
    far = np.unique(rest[(away > smallest) & (rest > 0)])
    narrow[window] = np.isin(rest, far) & (rest > 0)
    return narrow
