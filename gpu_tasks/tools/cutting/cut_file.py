"""Cut files: a cut-out as closed curves in real size with a layer for each colour, for a cutting machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from shapely import MultiPolygon
from shapely.affinity import scale as scale_shape

from craftspark.errors import ImageFlawed
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels, average
from gpu_tasks.images.vectors.page import Layer, Page, Ring, flatten
from gpu_tasks.tools.cutting.canvas import Bounds, Canvas, make_canvas
from gpu_tasks.tools.cutting.printing import rasterise
from gpu_tasks.tools.cutting.sticker import add_border
from gpu_tasks.tools.cutting.tracing.budget import MIN_RING_NODES, fit_within_budget
from gpu_tasks.tools.cutting.tracing.colour_names import find_name
from gpu_tasks.tools.cutting.tracing.flaws import build_detail_error, check_kept
from gpu_tasks.tools.cutting.tracing.shapes import extract_polygons, fill_contours, find_contours, measure_area
from gpu_tasks.tools.cutting.tracing.sheets import Layering, Sheet, trace_sheets
from gpu_tasks.tools.cutting.tracing.widths import close_narrow_gaps, keep_wide_parts

MAX_NODES = 2000
MAX_TOLERANCE = 0.01  # share of the longer side; coarser paths do not follow the drawing
MIN_IOU = 0.9
MIN_WIDE = 0.8  # share of the motif that has to be wide enough to cut
NOISE = 0.15  # pixels; smaller steps of a contour are noise
COLOUR_PIXELS = 640  # longer side of the copy whose colours are traced, and on which paths are compared with it
BORDER = "Sticker border"


@dataclass(frozen=True, kw_only=True)
class CutOptions:
    """How to cut a motif. `colours` is the maximum number of layers, or 0 for the silhouette only. `width_mm` is the
    width of the motif. Outside it are the sticker's border of `outline_mm`, and then `margin`, a share of the longer
    side.
    """

    width_mm: float = 100
    smallest_mm: float = 1.5
    colours: int = 6
    layering: Layering = "stacked"
    outline_mm: float = 0
    margin: float = 0
    max_nodes: int = MAX_NODES


@dataclass(frozen=True, kw_only=True)
class CutFile:
    """A cut file. `iou` is the intersection over union of the paths and the cut-out's alpha, 0 to 1. `border` is the
    layer of the sticker's border.
    """

    page: Page
    canvas: Canvas
    iou: float
    border: Layer | None = None


def make_cut_file(motif: Pixels, options: CutOptions) -> CutFile:
    """Trace a cut-out (height, width, 4) with at most the options' number of nodes.

    Raises ImageFlawed if too little is left to cut, or if so few nodes cannot follow the motif.
    """
    outline, mm = trace_outline(motif, options)
    sheets = _trace_colours(motif, outline, mm, options)
    shapes = [sheet.shape for sheet in sheets]
    if options.outline_mm:
        shapes.insert(0, add_border(outline, options.outline_mm, options.smallest_mm))
    left, top, right, bottom = outline.bounds
    fitted = fit_within_budget(shapes, options.max_nodes, MAX_TOLERANCE * max(right - left, bottom - top))
    record_activity()
    fitted, mm = _fit_width(fitted, len(sheets), mm, options)
    names = _name_layers(sheets)
    if options.outline_mm:
        names.insert(0, (BORDER, "#ffffff"))
    layers = [
        Layer(name=name, colour=colour, rings=rings)
        for (name, colour), rings in zip(names, fitted, strict=True)
        if rings
    ]
    return _lay_out(motif, layers, mm, options)


def trace_outline(motif: Pixels, options: CutOptions) -> tuple[MultiPolygon, float]:
    """Return the silhouette of a cut-out (height, width, 4) in mm, `width_mm` wide, and the mm of a pixel.

    Raises ImageFlawed if it cannot be cut.
    """
    found = find_contours(motif[..., 3].astype(np.float32) - 127.5, 1)
    if not found:
        raise build_narrow_error(options)
    # The widths of parts depend on the scale, and the scale on the parts that are left. Removing parts enlarges the
    # rest, so what is wide enough at the first scale is wide enough at the last one.
    everything = [contour[0] for contour in found]
    scale = options.width_mm / float(np.ptp(np.concatenate(everything)[:, 0]))
    kept = _keep_largest(found, options.smallest_mm / scale, options.max_nodes)
    shape = extract_polygons(fill_contours(kept).simplify(NOISE))
    wide = _keep_cuttable(shape, options.smallest_mm / scale)
    if not wide.is_empty:
        larger = options.width_mm / _measure_width(wide)
        again = _keep_cuttable(shape, options.smallest_mm / larger)
        if _measure_width(again) <= _measure_width(wide) + NOISE:
            wide = again
    if wide.is_empty or wide.intersection(shape).area < MIN_WIDE * shape.area:
        raise build_narrow_error(options)
    scale = options.width_mm / _measure_width(wide)
    return extract_polygons(scale_shape(wide, scale, scale, origin=(0, 0))), scale


def _keep_largest(found: list[list[np.ndarray]], smallest: float, max_nodes: int) -> list[list[np.ndarray]]:
    """Return the contours that can be wide enough, at most as many as there are nodes for.

    Raises ImageFlawed if these are too little of the whole, before any further work on them.
    """
    areas = [measure_area(contour[0]) for contour in found]
    able = [contour for contour, area in zip(found, areas, strict=True) if area >= smallest**2 / 2]
    if not able:
        return []
    most = max_nodes // MIN_RING_NODES
    if sum(map(len, able)) <= most:
        return able
    pieces, rings = [], 0
    for outer, *holes in able:
        if rings >= most:
            break
        holes = sorted(holes, key=lambda hole: -measure_area(hole))[: most - rings - 1]
        pieces.append([outer, *holes])
        rings += 1 + len(holes)
    check_kept(sum(areas[: len(pieces)]), sum(areas), max_nodes)
    return pieces


def _keep_cuttable(shape: MultiPolygon, smallest: float) -> MultiPolygon:
    closed = close_narrow_gaps(keep_wide_parts(shape, smallest), smallest)
    return keep_wide_parts(closed, smallest)


def _measure_width(shape: MultiPolygon) -> float:
    return float(shape.bounds[2] - shape.bounds[0]) if not shape.is_empty else 0.0


def build_narrow_error(options: CutOptions) -> ImageFlawed:
    """Return the error of a motif that is too narrow to cut."""
    return ImageFlawed(
        f"at {options.width_mm:g} mm wide, much of it is narrower than {options.smallest_mm:g} mm, so too little is "
        "left to cut; increase width_mm or reduce smallest_mm"
    )


def _trace_colours(motif: Pixels, outline: MultiPolygon, mm: float, options: CutOptions) -> list[Sheet]:
    if not options.colours:
        return [Sheet(colour="#000000", shape=outline)]
    small = average(motif, COLOUR_PIXELS)
    return trace_sheets(
        small,
        outline,
        mm_per_pixel=mm * motif.shape[1] / small.shape[1],
        smallest_mm=options.smallest_mm,
        max_colours=options.colours,
        layering=options.layering,
        max_nodes=options.max_nodes,
    )


def _name_layers(sheets: Sequence[Sheet]) -> list[tuple[str, str]]:
    """Return the name and the colour of each sheet's layer. Equal names have a number."""
    if len(sheets) == 1 and sheets[0].colour == "#000000":
        return [("Cut outline", "#000000")]
    named, seen = [], Counter[str]()
    for sheet in sheets:
        name = find_name(sheet.colour)
        seen[name] += 1
        named.append((name if seen[name] == 1 else f"{name} {seen[name]}", sheet.colour))
    return named


def _fit_width(fitted: list[list[Ring]], sheets: int, mm: float, options: CutOptions) -> tuple[list[list[Ring]], float]:
    """Scale the paths, and the mm of a pixel, so that the last `sheets` shapes are exactly `width_mm` wide."""
    thing = [ring for rings in fitted[-sheets:] for ring in rings] if sheets else []
    if not thing:
        raise build_detail_error(options.max_nodes)
    left, _, right, _ = measure_bounds(thing)
    factor = options.width_mm / (right - left)
    return [[ring * factor for ring in rings] for rings in fitted], mm * factor


def measure_bounds(rings: Sequence[Ring]) -> Bounds:
    """Return the bounds of closed paths."""
    points = np.concatenate([flatten(ring, 0.005) for ring in rings])
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return float(left), float(top), float(right), float(bottom)


def _lay_out(motif: Pixels, layers: Sequence[Layer], mm: float, options: CutOptions) -> CutFile:
    """Put the layers on the canvas that holds them and all of the motif."""
    border = next((layer for layer in layers if layer.name == BORDER), None)
    things = [layer for layer in layers if layer is not border]
    left, top, right, bottom = measure_bounds([ring for layer in things for ring in layer.rings])
    margin_mm = options.margin * max(right - left, bottom - top)
    bounds = list(_list_bounds(motif, layers, mm))
    low, high = np.min(bounds, axis=0), np.max(bounds, axis=0)
    canvas = make_canvas((float(low[0]), float(low[1]), float(high[2]), float(high[3])), margin_mm, mm)
    shift = np.array([canvas.left_mm, canvas.top_mm])
    moved = [
        Layer(name=layer.name, colour=layer.colour, rings=[ring - shift for ring in layer.rings]) for layer in layers
    ]
    page = Page(width_mm=canvas.width_mm, height_mm=canvas.height_mm, layers=moved)
    iou = measure_overlap(page, motif, canvas)
    if iou < (MIN_IOU if page.nodes > 0.9 * options.max_nodes else MIN_WIDE * MIN_IOU):
        raise build_detail_error(options.max_nodes)
    return CutFile(page=page, canvas=canvas, iou=iou, border=moved[layers.index(border)] if border else None)


def _list_bounds(motif: Pixels, layers: Sequence[Layer], mm: float) -> Iterator[Bounds]:
    """Yield the bounds of the motif's visible pixels, and those of the paths."""
    rows, columns = (np.flatnonzero((motif[..., 3] > 0).any(axis)) for axis in (1, 0))
    yield columns[0] * mm, rows[0] * mm, (columns[-1] + 1) * mm, (rows[-1] + 1) * mm
    yield measure_bounds([ring for layer in layers for ring in layer.rings])


def measure_overlap(page: Page, motif: Pixels, canvas: Canvas) -> float:
    """Return the intersection over union of a page's paths, without the sticker's border, and a motif's alpha."""
    things = [layer for layer in page.layers if layer.name != BORDER]
    mm, shift = canvas.mm_per_pixel, np.array([canvas.left_mm, canvas.top_mm])
    moved = [
        Layer(name=layer.name, colour=layer.colour, rings=[ring + shift for ring in layer.rings]) for layer in things
    ]
    size_mm = motif.shape[1] * mm, motif.shape[0] * mm
    alpha = average(motif[..., 3], COLOUR_PIXELS)
    painted = rasterise(Page(width_mm=size_mm[0], height_mm=size_mm[1], layers=moved), *alpha.shape[::-1]) >= 128
    wanted = alpha >= 128
    either = np.count_nonzero(painted | wanted)
    return float(np.count_nonzero(painted & wanted) / either) if either else 1.0
