"""Pattern: one picture painted with circular padding, or motifs scattered over a tile."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import ImageColor

from craftspark.tools.palette import MAX_COLOURS
from craftspark.tools.pattern import MAX_MIRRORED, TILE_PIXELS, WHITE, PatternRequest
from craftspark.tools.sheet import Sheet
from craftspark.tools.toss import Repeat, Toss
from gpu_tasks.images.drawing import Drawing, Flaw, OnStep, add_check, derive_seed, make_drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import File, FinishedImage, Png, PrintPdf, WebP
from gpu_tasks.images.pixels import Pixels, flatten_on_white, shrink
from gpu_tasks.images.print_marks import draw_marks, find_margins
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.order_inputs import build_settings, build_sketch, check_subject
from gpu_tasks.inference.seamless.neighbours import add_neighbours
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.motifs import FACTOR, MotifCutter
from gpu_tasks.tools.pattern.palettes import REACH, find_palette, recolour
from gpu_tasks.tools.pattern.repeats import (
    blend_edges,
    crop_to,
    lay_out,
    make_sheet,
    make_straight_tile,
    measure_border_ink,
    measure_seam,
    mirror,
    name_layout,
    resize_tile,
    to_dots,
)
from gpu_tasks.tools.pattern.scatter import Placement, scatter
from gpu_tasks.tools.pattern.stamps import frame_by_circle, paint

MAX_SEAM = 1.1  # relative to differences inside the tile; a larger value is visible
MAX_TILE_PIXELS = 4096 * 4096  # of an enlarged tile with its neighbours
PREVIEW_PIXELS = 768
PREVIEW_REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class ScatteredTile:
    """A tile as its motifs and their placements. It can be painted at any resolution."""

    placements: Sequence[Placement]
    motifs: Sequence[Pixels]


class PatternRenderer:
    """Renders waves of one way, repeat, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion, upscaler: Upscaler, cutter: MotifCutter, sources: SourcePictures) -> None:
        self._diffusion = diffusion
        self._upscaler = upscaler
        self._cutter = cutter
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the settings, the way and the repeat of the order, and whether it draws anything."""
        request = read_request(order)
        return self._settings(order), request.way, request.repeat, request.mirrors_source

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return tiles with three channels, or four if the background is transparent. Raises ModelUnavailable or
        SourceMissing.
        """
        request = read_request(wave[0])
        if request.way == "tossed":
            return [
                measure_tile(drawing, order)
                for drawing, order in zip(self._draw_scattered(wave, on_step), wave, strict=True)
            ]
        tiles = self._mirror_sources(wave) if request.mirrors_source else self._draw_painted(wave, on_step)
        return [
            finish_painted(tile, order, self._choose_palette(order)) for tile, order in zip(tiles, wave, strict=True)
        ]

    def _draw_painted(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        settings = self._settings(wave[0])
        repeat: Repeat = wave[0].request["repeat"]
        sketches = [self._sketch(order, repeat, settings.size) for order in wave]
        tiles = self._diffusion.draw(sketches, settings, on_step)
        return [
            enlarge_tile(make_drawing(tile, order.seed, initial.start), repeat, self._upscaler)
            for tile, order, initial in zip(tiles, wave, sketches, strict=True)
        ]

    def _mirror_sources(self, wave: Sequence[ImageOrder]) -> list[Drawing]:
        return [Drawing(pixels=shrink(self._sources.load(order), MAX_MIRRORED), seed=order.seed) for order in wave]

    def _settings(self, order: ImageOrder) -> DrawingSettings:
        request = order.request
        seamless = request["way"] == "painted" and request["repeat"] != "mirror"
        return build_settings(
            order,
            self._diffusion.model,
            strength=request["strength"],
            repeat=request["repeat"] if seamless else None,
        )

    def _sketch(self, order: ImageOrder, repeat: Repeat, size: tuple[int, int]) -> Sketch:
        """Return the sketch of a painted tile: from noise, or from the source. Its edges are blended unless the tile is
        mirrored.
        """
        if not read_request(order).picture:
            return build_sketch(order)
        picture = flatten_on_white(self._sources.load(order))
        start = crop_to(picture, size) if repeat == "mirror" else blend_edges(picture, size, repeat)
        return replace(build_sketch(order), start=start)

    def _draw_scattered(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        inputs = [
            (order, prompt, derive_seed(order.seed, number))
            for order in wave
            for number, prompt in enumerate(read_request(order).motifs)
        ]
        sketches = [replace(build_sketch(order, prompt), seed=seed) for order, prompt, seed in inputs]
        pictures = self._diffusion.draw(sketches, self._settings(wave[0]), on_step) if sketches else []
        motifs: dict[int, list[Drawing]] = {
            id(order): [self._cutter.cut_out_source(self._sources.load(order), order.seed)]
            if read_request(order).picture
            else []
            for order in wave
        }
        for (order, prompt, seed), pixels in zip(inputs, pictures, strict=True):
            drawing = make_drawing(pixels, seed)
            checked = check_subject(self._diffusion, drawing, order, prompt)
            motifs[id(order)].append(add_check(self._cutter.cut_out(drawing), checked))
        return [build_scattered_tile(order, motifs[id(order)], self._choose_palette(order)) for order in wave]

    def _choose_palette(self, order: ImageOrder) -> Sequence[str]:
        """Return the colours of the order's palette or of its source, and none if it has neither."""
        request = read_request(order)
        if request.source_use == "palette":
            return find_palette(self._sources.load(order), MAX_COLOURS)
        return request.palette or ()

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the straight tile, a preview of the repeat, and a sheet to print."""
        request = read_request(order)
        tile, layout = drawing.pixels, name_layout(request.repeat)
        page = (request.sheet or Sheet()).with_defaults(request.repeat, tile.shape[0] / tile.shape[1])
        printed = tile
        if isinstance(drawing.parts, ScatteredTile):
            printed = paint_tile(drawing.parts, request, to_dots(page.cm("repeat"), page.dpi))
        width = PREVIEW_PIXELS // PREVIEW_REPEATS
        preview = lay_out(
            resize_tile(tile, (width, width * tile.shape[0] / tile.shape[1]), layout),
            layout,
            (PREVIEW_PIXELS, PREVIEW_PIXELS),
        )
        return FinishedImage(
            picture=Png(pixels=make_straight_tile(tile, layout)),
            files={"preview.webp": WebP(pixels=preview), **print_sheet(printed, layout, page)},
            scores=drawing.scores,
        )


def print_sheet(tile: Pixels, layout: Repeat, page: Sheet) -> dict[str, File]:
    """Return the files of a sheet by their names: a PNG, and with a bleed or marks also a PDF."""
    margins = find_margins(page.bleed_mm, page.marks, page.dpi)
    centimetres = (page.cm("width"), page.cm("height"), page.cm("repeat"))
    sheet = make_sheet(tile, layout, *centimetres, dpi=page.dpi, margins=margins)
    draw_marks(sheet, margins, page.marks, page.dpi)
    files: dict[str, File] = {"sheet.png": Png(pixels=sheet, dpi=page.dpi)}
    if page.has_margins:
        files["sheet.pdf"] = PrintPdf(pixels=sheet, dpi=page.dpi, margins=margins)
    return files


def read_request(order: ImageOrder) -> PatternRequest:
    """Return the order's request as its model."""
    return PatternRequest.model_validate(order.request, strict=False)


def measure_tile(drawing: Drawing, order: ImageOrder) -> Drawing:
    """Add the scores of the seam and of the ink at the border to the tile."""
    if drawing.undeliverable:
        return drawing
    layout = name_layout(order.request["repeat"])
    return _add_scores(drawing, measure_seam(drawing.pixels, layout), layout)


def _add_scores(drawing: Drawing, seam: float, layout: Repeat) -> Drawing:
    ink = measure_border_ink(drawing.pixels, layout)
    return replace(drawing, scores={"seam_over_inner": round(seam, 3), "border_ink": round(ink, 3)})


def finish_painted(drawing: Drawing, order: ImageOrder, palette: Sequence[str]) -> Drawing:
    """Return the tile of a painted picture with its scores and its palette, and with a flaw if its seam is visible.

    Only this tile can have a seam. Placed motifs continue over the edges with the same pixels, even where the outline
    of one lies along an edge and is the steepest step near it, and a mirrored picture meets itself.
    """
    if drawing.undeliverable:
        return drawing
    repeat: Repeat = order.request["repeat"]
    if len(palette) == 1:
        reason = "the source of the palette has one colour, and a painted pattern needs at least two"
        return replace(drawing, flaw=Flaw(reason=reason, severity=np.inf, fatal=True))
    if repeat == "mirror":
        recoloured = recolour_tile(drawing, repeat, palette)
        return measure_tile(replace(recoloured, pixels=mirror(recoloured.pixels)), order)
    seam = measure_seam(drawing.pixels, repeat)
    measured = _add_scores(drawing, seam, repeat)
    shows = Flaw(reason="its seam is visible", severity=seam) if seam > MAX_SEAM else None
    return recolour_tile(replace(measured, flaw=shows or measured.flaw), repeat, palette)


def recolour_tile(drawing: Drawing, repeat: Repeat, palette: Sequence[str]) -> Drawing:
    """Return the tile, or the picture to mirror, in the colours of the palette, if there is one."""
    if not palette:
        return drawing
    if repeat == "mirror":
        [pixels] = recolour([drawing.pixels], palette)
        return replace(drawing, pixels=pixels)
    height, width = drawing.pixels.shape[:2]
    high, wide = (0 if repeat == "x" else min(REACH, height // 2)), (0 if repeat == "y" else min(REACH, width // 2))
    [around] = recolour([add_neighbours(drawing.pixels, high, wide, repeat)], palette)
    return replace(drawing, pixels=np.ascontiguousarray(around[high : high + height, wide : wide + width]))


def enlarge_tile(tile: Drawing, repeat: Repeat, upscaler: Upscaler) -> Drawing:
    """Enlarge the tile by FACTOR, or by 2 if it would be larger than MAX_TILE_PIXELS. A larger tile stays as it is.

    Its edges are enlarged together with their neighbours in the repeat.
    """
    if tile.flaw:
        return tile
    reach = upscaler.network.reach
    high, wide = (0 if repeat == "x" else reach), (0 if repeat == "y" else reach)
    if repeat == "mirror":
        high = wide = 0
    around = add_neighbours(tile.pixels, high, wide, repeat)
    factor = next((each for each in (FACTOR, 2) if around[..., 0].size * each**2 <= MAX_TILE_PIXELS), 1)
    if factor == 1:
        return tile
    large = upscaler.upscale(around, factor)
    height, width = (side * factor for side in tile.pixels.shape[:2])
    top, left = high * factor, wide * factor
    pixels = np.ascontiguousarray(large[top : top + height, left : left + width])
    return replace(tile, pixels=pixels, networks=dict(upscaler.identity))


def build_scattered_tile(order: ImageOrder, motifs: Sequence[Drawing], palette: Sequence[str]) -> Drawing:
    """Scatter the motifs over a tile. A flawed motif makes the tile flawed."""
    flaw = max((motif.flaw for motif in motifs if motif.flaw), key=lambda flaw: flaw.severity, default=None)
    if flaw and flaw.fatal:
        return replace(motifs[0], seed=order.seed, flaw=flaw)
    request = read_request(order)
    shapes = [frame_by_circle(motif.pixels) for motif in motifs]
    parts = ScatteredTile(
        placements=scatter(seed=order.seed, repeat=request.repeat, motifs=len(motifs), how=request.toss or Toss()),
        motifs=recolour(shapes, palette) if palette else shapes,
    )
    if {placement.motif for placement in parts.placements} != set(range(len(motifs))):
        reason = f"its {len(motifs)} motifs do not fit on one tile; reduce toss.size or toss.spacing"
        flaw = Flaw(reason=reason, severity=np.inf, fatal=True)
    networks = {name: digest for motif in motifs for name, digest in motif.networks.items()}
    pixels = paint_tile(parts, request, TILE_PIXELS)
    return Drawing(pixels=pixels, seed=order.seed, flaw=flaw, networks=networks, parts=parts)


def paint_tile(parts: ScatteredTile, request: PatternRequest, side: float) -> Pixels:
    """Paint the tile with about `side` pixels per side."""
    background = None if request.background == "transparent" else ImageColor.getrgb(request.background or WHITE)
    return paint(parts.placements, parts.motifs, side, background, request.repeat)
