"""A cut-out as an SVG that a cutting machine follows: closed paths in real size, a layer for each colour."""

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
from gpu_tasks.activity import moved
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.cutting.shapes import (
    FINEST_MM,
    contours,
    cuttable,
    nodes_of,
    offset,
    polygons_of,
    polygons_within,
    rings_of,
    simplified,
)

NODES_MOST = 2000
NODES_LEAST = 3  # of a ring, however coarse
COARSER = 1.5  # times the tolerance, until the nodes are few enough
COARSEST = 0.01  # of the cut-out's longer side: a coarser path is not what was drawn
IOU_LEAST = 0.9
ALIKE = 28  # of 255: colours nearer than that are one sheet of vinyl


@dataclass(frozen=True, kw_only=True)
class CutOptions:
    """How it is to be cut. `colours`: the most layers, 0 for the silhouette alone; `outline_mm`: a sticker's border."""

    width_mm: float = 100
    smallest_mm: float = 1.5
    colours: int = 6
    outline_mm: float = 0
    nodes_most: int = NODES_MOST


@dataclass(frozen=True, kw_only=True)
class CutFile:
    """`iou` is what the paths and the cut-out's alpha have in common, of what either has, 0 to 1."""

    svg: str
    nodes: int
    paths: int
    iou: float


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Paths of one sheet. `line` is drawn as an outline, not filled."""

    name: str
    label: str
    colour: str
    shape: MultiPolygon
    line: bool = False


def cut_file(motif: Pixels, options: CutOptions) -> CutFile:
    """Trace a cut-out (height, width, 4) with no more nodes than the options allow.

    Raises ImageFlawed where nothing is left to cut, or where so few nodes cannot follow it.
    """
    height, width = motif.shape[:2]
    mm = options.width_mm / width
    outline = outline_of(motif, options)
    whole = layers_of(motif, outline, mm, options) if options.colours else [silhouette(outline)]
    if options.outline_mm:
        border = offset(outline, options.outline_mm)
        whole.append(Layer(name="sticker-outline", label="Sticker outline", colour="#ff0000", shape=border, line=True))
    size = (width * mm, height * mm)
    layers = within_budget(whole, options.nodes_most, COARSEST * max(size))
    moved()
    things = [layer for layer in layers if not layer.line]
    iou = overlap(document(things, size, 0), motif[..., 3])
    if iou < IOU_LEAST:
        raise too_detailed(options.nodes_most)
    return CutFile(
        svg=document(layers, size, options.outline_mm),
        nodes=sum(nodes_of(layer.shape) for layer in layers),
        paths=sum(len(layer.shape.geoms) for layer in layers),
        iou=iou,
    )


def outline_of(motif: Pixels, options: CutOptions) -> MultiPolygon:
    """The silhouette of a cut-out (height, width, 4), in mm; raises ImageFlawed where it cannot be cut."""
    alpha = motif[..., 3].astype(np.float32) - 127.5
    outline = cuttable(trace(alpha, options.width_mm / motif.shape[1], options), options.smallest_mm)
    if outline.is_empty:
        raise ImageFlawed(
            f"at {options.width_mm:g} mm wide, all of it is smaller than {options.smallest_mm:g} mm, so nothing is left"
            " to cut; increase width_mm or reduce smallest_mm"
        )
    return outline


def trace(field: NDArray[np.float32], mm: float, options: CutOptions) -> MultiPolygon:
    """Where a field (height, width) is above 0, at so many mm a pixel.

    Raises ImageFlawed where it has more rings than the options have nodes for: before they cost any time.
    """
    found = contours(field, mm, options.smallest_mm)
    if sum(map(len, found)) * NODES_LEAST > options.nodes_most:
        raise too_detailed(options.nodes_most)
    return polygons_within(found)


def too_detailed(nodes_most: int) -> ImageFlawed:
    return ImageFlawed(
        f"it has more detail than a cut file of {nodes_most} nodes can have; reduce colours or increase smallest_mm"
    )


def silhouette(outline: MultiPolygon) -> Layer:
    return Layer(name="cut-outline", label="Cut outline", colour="#000000", shape=outline)


def layers_of(motif: Pixels, outline: MultiPolygon, mm: float, options: CutOptions) -> list[Layer]:
    """One layer a colour, the most of it first. That one lies under all others, so that no gap shows between them.

    Raises ImageFlawed where one has more rings than the options have nodes for.
    """
    palette, chosen = reduced(motif, options.colours)
    # Narrower than a blade can cut is neighbours' business: each place goes to the colour that prevails around it.
    width = options.smallest_mm / mm / 4
    prevailing = np.stack(
        [ndimage.gaussian_filter((chosen == n).astype(np.float32), width) for n in range(len(palette))]
    )
    layers = []
    for number, colour in enumerate(palette):
        moved()
        others = np.delete(prevailing, number, 0).max(0) if len(palette) > 1 else np.zeros_like(prevailing[0])
        shape = outline if number == 0 else trace(prevailing[number] - others - 1e-6, mm, options)
        shape = cuttable(polygons_of(shape.intersection(outline)), options.smallest_mm)
        if not shape.is_empty:
            name = "#" + "".join(f"{value:02x}" for value in colour)
            layers.append(
                Layer(name=f"colour-{number + 1}", label=f"Colour {number + 1} {name}", colour=name, shape=shape)
            )
    return layers


def reduced(motif: Pixels, most: int) -> tuple[list[tuple[int, int, int]], NDArray[np.int64]]:
    """The colours of a cut-out, the most of it first, and which of them each pixel (height, width) has; -1 for none."""
    solid = motif[..., 3] >= 128
    if not solid.any():
        return [], np.full(solid.shape, -1)
    strip = Image.fromarray(motif[solid][None, :, :3])
    quantized = strip.quantize(most, method=Image.Quantize.MEDIANCUT, kmeans=2)
    colours = np.asarray(quantized.getpalette() or [], np.int64).reshape(-1, 3)[:most]
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


def within_budget(layers: Sequence[Layer], most: int, coarsest_mm: float) -> list[Layer]:
    """The layers, as finely as `most` nodes allow; raises ImageFlawed where even the coarsest paths have more."""
    if sum(rings_of(layer.shape) for layer in layers) * NODES_LEAST > most:
        raise too_detailed(most)
    tolerance = FINEST_MM
    while tolerance <= coarsest_mm:
        moved()
        made = [replace(layer, shape=simplified(layer.shape, tolerance)) for layer in layers]
        if sum(nodes_of(each.shape) for each in made) <= most:
            return [layer for layer in made if not layer.shape.is_empty]
        tolerance *= COARSER
    raise too_detailed(most)


def document(layers: Sequence[Layer], size: tuple[float, float], room: float) -> str:
    """The SVG, in millimetres; `room` is the space around the cut-out that its border takes."""
    width, height = size[0] + 2 * room, size[1] + 2 * room
    groups = "".join(group(layer) for layer in layers)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
        f' width="{width:.3f}mm" height="{height:.3f}mm"'
        f' viewBox="{-room:.3f} {-room:.3f} {width:.3f} {height:.3f}">\n{groups}</svg>\n'
    )


def group(layer: Layer) -> str:
    paint = (
        f'fill="none" stroke="{layer.colour}" stroke-width="0.1"'
        if layer.line
        else f'fill="{layer.colour}" fill-rule="evenodd"'
    )
    paths = "".join(f'<path d="{path_of(piece)}"/>\n' for piece in layer.shape.geoms)
    return (
        f'<g id="{layer.name}" inkscape:groupmode="layer" inkscape:label="{layer.label}" {paint}>\n'
        f"<title>{layer.label}</title>\n{paths}</g>\n"
    )


def path_of(piece: Polygon) -> str:
    """A polygon's rings, each closed."""
    rings = (piece.exterior, *piece.interiors)
    return " ".join("M" + "L".join(f"{x:.3f} {y:.3f}" for x, y in ring.coords[:-1]) + "Z" for ring in rings)


def overlap(svg: str, alpha: NDArray[np.uint8]) -> float:
    """What an SVG's paths, painted at the size of the alpha (height, width), have in common with it, 0 to 1."""
    height, width = alpha.shape
    content = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, dpi=96, skip_system_fonts=True))
    with Image.open(io.BytesIO(content)) as image:
        painted = np.asarray(image.convert("RGBA").resize((width, height)))[..., 3] >= 128
    wanted = alpha >= 128
    either = np.count_nonzero(painted | wanted)
    return float(np.count_nonzero(painted & wanted) / either) if either else 1.0
