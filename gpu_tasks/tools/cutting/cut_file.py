"""Cut files: a cut-out as an SVG with closed paths in real size and a layer for each colour, for a cutting machine."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from shapely import MultiPolygon, Polygon

from craftspark.errors import ImageFlawed
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.cutting.shapes import (
    MIN_TOLERANCE_MM,
    count_nodes,
    count_rings,
    drop_small_pieces,
    extract_polygons,
    fill_contours,
    find_contours,
    offset,
    simplify,
)

MAX_NODES = 2000
MIN_RING_NODES = 3
TOLERANCE_FACTOR = 1.5  # the tolerance grows by this factor until there are few enough nodes
MAX_TOLERANCE = 0.01  # share of the longer side; coarser paths do not follow the drawing
MIN_IOU = 0.9
ALIKE = 28  # of 255; colours that differ less are one sheet of vinyl


@dataclass(frozen=True, kw_only=True)
class CutOptions:
    """How to cut a motif. `colours` is the maximum number of layers, or 0 for the silhouette only. `outline_mm` is the
    width of a sticker's border.
    """

    width_mm: float = 100
    smallest_mm: float = 1.5
    colours: int = 6
    outline_mm: float = 0
    max_nodes: int = MAX_NODES


@dataclass(frozen=True, kw_only=True)
class CutFile:
    """A cut file. `iou` is the intersection over union of the paths and the cut-out's alpha, 0 to 1."""

    svg: str
    nodes: int
    paths: int
    iou: float


@dataclass(frozen=True, kw_only=True)
class Layer:
    """The paths of one sheet. If `line` is true, they are drawn as outlines and not filled."""

    name: str
    label: str
    colour: str
    shape: MultiPolygon
    line: bool = False


def make_cut_file(motif: Pixels, options: CutOptions) -> CutFile:
    """Trace a cut-out (height, width, 4) with at most the options' number of nodes.

    Raises ImageFlawed if nothing is left to cut, or if so few nodes cannot follow the motif.
    """
    height, width = motif.shape[:2]
    mm = options.width_mm / width
    outline = trace_outline(motif, options)
    whole = trace_layers(motif, outline, mm, options) if options.colours else [make_silhouette(outline)]
    if options.outline_mm:
        border = offset(outline, options.outline_mm)
        whole.append(Layer(name="sticker-outline", label="Sticker outline", colour="#ff0000", shape=border, line=True))
    size = (width * mm, height * mm)
    layers = simplify_to_budget(whole, options.max_nodes, MAX_TOLERANCE * max(size))
    record_activity()
    things = [layer for layer in layers if not layer.line]
    iou = measure_overlap(write_svg(things, size, 0), motif[..., 3])
    if iou < MIN_IOU:
        raise build_detail_error(options.max_nodes)
    return CutFile(
        svg=write_svg(layers, size, options.outline_mm),
        nodes=sum(count_nodes(layer.shape) for layer in layers),
        paths=sum(len(layer.shape.geoms) for layer in layers),
        iou=iou,
    )


def trace_outline(motif: Pixels, options: CutOptions) -> MultiPolygon:
    """Return the silhouette of a cut-out (height, width, 4) in mm. Raises ImageFlawed if it cannot be cut."""
    alpha = motif[..., 3].astype(np.float32) - 127.5
    outline = drop_small_pieces(trace(alpha, options.width_mm / motif.shape[1], options), options.smallest_mm)
    if outline.is_empty:
        raise ImageFlawed(
            f"at {options.width_mm:g} mm wide, all of it is smaller than {options.smallest_mm:g} mm, so nothing is left"
            " to cut; increase width_mm or reduce smallest_mm"
        )
    return outline


def trace(field: NDArray[np.float32], mm: float, options: CutOptions) -> MultiPolygon:
    """Return the area where a field (height, width) is above 0, with `mm` millimetres per pixel.

    Raises ImageFlawed if there are more rings than the options have nodes for, before further work on them.
    """
    found = find_contours(field, mm, options.smallest_mm)
    if sum(map(len, found)) * MIN_RING_NODES > options.max_nodes:
        raise build_detail_error(options.max_nodes)
    return fill_contours(found)


def build_detail_error(max_nodes: int) -> ImageFlawed:
    """Return the error of a motif with too much detail."""
    return ImageFlawed(
        f"it has more detail than a cut file of {max_nodes} nodes can have; reduce colours or increase smallest_mm"
    )


def make_silhouette(outline: MultiPolygon) -> Layer:
    """Return the layer of the silhouette."""
    return Layer(name="cut-outline", label="Cut outline", colour="#000000", shape=outline)


def trace_layers(motif: Pixels, outline: MultiPolygon, mm: float, options: CutOptions) -> list[Layer]:
    """Return one layer per colour, the largest first. The largest lies below all others, so that no gap shows between
    them.

    Raises ImageFlawed if a layer has more rings than the options have nodes for.
    """
    palette, chosen = reduce_colours(motif, options.colours)
    # Areas that are too narrow for a blade go to the neighbouring colours: each pixel gets the prevailing colour.
    width = options.smallest_mm / mm / 4
    prevailing = np.stack(
        [ndimage.gaussian_filter((chosen == n).astype(np.float32), width) for n in range(len(palette))]
    )
    layers = []
    for number, colour in enumerate(palette):
        record_activity()
        others = np.delete(prevailing, number, 0).max(0) if len(palette) > 1 else np.zeros_like(prevailing[0])
        shape = outline if number == 0 else trace(prevailing[number] - others - 1e-6, mm, options)
        shape = drop_small_pieces(extract_polygons(shape.intersection(outline)), options.smallest_mm)
        if not shape.is_empty:
            name = "#" + "".join(f"{value:02x}" for value in colour)
            layers.append(
                Layer(name=f"colour-{number + 1}", label=f"Colour {number + 1} {name}", colour=name, shape=shape)
            )
    return layers


def reduce_colours(motif: Pixels, max_colours: int) -> tuple[list[tuple[int, int, int]], NDArray[np.int64]]:
    """Return the colours of a cut-out, the most frequent first, and the index of each pixel's colour (height, width),
    -1 outside.
    """
    solid = motif[..., 3] >= 128
    if not solid.any():
        return [], np.full(solid.shape, -1)
    strip = Image.fromarray(motif[solid][None, :, :3])
    quantized = strip.quantize(max_colours, method=Image.Quantize.MEDIANCUT, kmeans=2)
    colours = np.asarray(quantized.getpalette() or [], np.int64).reshape(-1, 3)[:max_colours]
    labels = np.asarray(quantized)[0].astype(np.int64)
    order = np.argsort(-np.bincount(labels, minlength=len(colours)), kind="stable")
    kept: list[int] = []
    becomes = np.zeros(len(colours), np.int64)
    for colour in order:
        like = [place for place, other in enumerate(kept) if np.abs(colours[other] - colours[colour]).max() < ALIKE]
        becomes[colour] = like[0] if like else len(kept)
        if not like:
            kept.append(int(colour))
    chosen = np.full(solid.shape, -1)
    chosen[solid] = becomes[labels]
    return [(int(r), int(g), int(b)) for r, g, b in colours[kept]], chosen


def simplify_to_budget(layers: Sequence[Layer], max_nodes: int, coarsest_mm: float) -> list[Layer]:
    """Simplify the layers to at most `max_nodes` nodes, as finely as possible. Raises ImageFlawed if the coarsest paths
    have more.
    """
    if sum(count_rings(layer.shape) for layer in layers) * MIN_RING_NODES > max_nodes:
        raise build_detail_error(max_nodes)
    tolerance = MIN_TOLERANCE_MM
    while tolerance <= coarsest_mm:
        record_activity()
        made = [replace(layer, shape=simplify(layer.shape, tolerance)) for layer in layers]
        if sum(count_nodes(each.shape) for each in made) <= max_nodes:
            return [layer for layer in made if not layer.shape.is_empty]
        tolerance *= TOLERANCE_FACTOR
    raise build_detail_error(max_nodes)


def write_svg(layers: Sequence[Layer], size: tuple[float, float], room: float) -> str:
    """Return the SVG in millimetres. `room` is the space around the cut-out for its border."""
    width, height = size[0] + 2 * room, size[1] + 2 * room
    groups = "".join(write_layer(layer) for layer in layers)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
        f' width="{width:.3f}mm" height="{height:.3f}mm"'
        f' viewBox="{-room:.3f} {-room:.3f} {width:.3f} {height:.3f}">\n{groups}</svg>\n'
    )


def write_layer(layer: Layer) -> str:
    """Return the SVG group of a layer."""
    paint = (
        f'fill="none" stroke="{layer.colour}" stroke-width="0.1"'
        if layer.line
        else f'fill="{layer.colour}" fill-rule="evenodd"'
    )
    paths = "".join(f'<path d="{write_path(piece)}"/>\n' for piece in layer.shape.geoms)
    return (
        f'<g id="{layer.name}" inkscape:groupmode="layer" inkscape:label="{layer.label}" {paint}>\n'
        f"<title>{layer.label}</title>\n{paths}</g>\n"
    )


def write_path(piece: Polygon) -> str:
    """Return the SVG path data of a polygon's closed rings."""
    rings = (piece.exterior, *piece.interiors)
    return " ".join("M" + "L".join(f"{x:.3f} {y:.3f}" for x, y in ring.coords[:-1]) + "Z" for ring in rings)


def measure_overlap(svg: str, alpha: NDArray[np.uint8]) -> float:
    """Return the intersection over union of an SVG's paths and an alpha channel (height, width), 0 to 1."""
    height, width = alpha.shape
    content = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, dpi=96, skip_system_fonts=True))
    with Image.open(io.BytesIO(content)) as image:
        painted = np.asarray(image.convert("RGBA").resize((width, height)))[..., 3] >= 128
    wanted = alpha >= 128
    either = np.count_nonzero(painted | wanted)
    return float(np.count_nonzero(painted & wanted) / either) if either else 1.0
