"""Pattern: one picture painted with circular padding, or motifs scattered over a tile."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import ImageColor

from craftspark.tools.pattern import DPI, TILE_PIXELS, WHITE, PatternRequest, Sheet
from craftspark.tools.toss import Repeat, Toss
from gpu_tasks.images.drawing import Drawing, Flaw, OnStep, derive_seed, make_drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, Png, WebP
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.sources import SourcePictures, flatten_on_white
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.order_inputs import build_settings, build_sketch
from gpu_tasks.inference.seamless.neighbours import add_neighbours
from gpu_tasks.inference.upscaler import MAX_PIXELS, Upscaler
from gpu_tasks.tools.cutting.motifs import FACTOR, MotifCutter
from gpu_tasks.tools.pattern.repeats import (
    blend_edges,
    lay_out,
    make_sheet,
    make_straight_tile,
    measure_border_ink,
    measure_seam,
    resize_tile,
    to_dots,
)
from gpu_tasks.tools.pattern.scatter import Placement, scatter
from gpu_tasks.tools.pattern.stamps import frame_by_circle, paint

MAX_SEAM = 1.1  # relative to differences inside the tile; a larger value is visible
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
        """Return the settings, the way and the repeat of the order."""
        return self._settings(order), order.request["way"], order.request["repeat"]

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return tiles with three channels, or four if the background is transparent. Raises ModelUnavailable or
        SourceMissing.
        """
        draw = self._draw_painted if wave[0].request["way"] == "painted" else self._draw_scattered
        return [measure_tile(drawing, order) for drawing, order in zip(draw(wave, on_step), wave, strict=True)]

    def _draw_painted(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        settings = self._settings(wave[0])
        repeat: Repeat = wave[0].request["repeat"]
        sketches = [self._sketch(order, repeat, settings.size) for order in wave]
        tiles = self._diffusion.draw(sketches, settings, on_step)
        return [
            enlarge_tile(make_drawing(tile, order.seed, initial.start), repeat, self._upscaler)
            for tile, order, initial in zip(tiles, wave, sketches, strict=True)
        ]

    def _settings(self, order: ImageOrder) -> DrawingSettings:
        request = order.request
        repeat = request["repeat"] if request["way"] == "painted" else None
        return build_settings(order, self._diffusion.model, strength=request["strength"], repeat=repeat)

    def _sketch(self, order: ImageOrder, repeat: Repeat, size: tuple[int, int]) -> Sketch:
        """Return the sketch of a painted tile: from noise, or from the source with blended edges."""
        if not order.request["source"]:
            return build_sketch(order)
        return replace(
            build_sketch(order), start=blend_edges(flatten_on_white(self._sources.load(order)), size, repeat)
        )

    def _draw_scattered(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        settings = self._settings(wave[0])
        inputs = [
            (order, prompt, derive_seed(order.seed, number))
            for order in wave
            for number, prompt in enumerate(read_request(order).motifs)
        ]
        sketches = [replace(build_sketch(order, prompt), seed=seed) for order, prompt, seed in inputs]
        pictures = self._diffusion.draw(sketches, settings, on_step)
        motifs: dict[int, list[Drawing]] = {}
        for (order, _, seed), pixels in zip(inputs, pictures, strict=True):
            motifs.setdefault(id(order), []).append(self._cutter.cut_out(make_drawing(pixels, seed)))
        return [build_scattered_tile(order, motifs[id(order)]) for order in wave]

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the straight tile, a preview of the repeat, and a sheet to print."""
        request = read_request(order)
        tile = drawing.pixels
        page = (request.sheet or Sheet()).with_defaults(request.repeat, tile.shape[0] / tile.shape[1])
        printed = tile
        if isinstance(drawing.parts, ScatteredTile):
            printed = paint_tile(drawing.parts, request, to_dots(page.cm("repeat"), DPI))
        centimetres = (page.cm("width"), page.cm("height"), page.cm("repeat"))
        preview = lay_out(
            resize_tile(tile, (PREVIEW_PIXELS // PREVIEW_REPEATS,) * 2, request.repeat),
            request.repeat,
            (PREVIEW_PIXELS, PREVIEW_PIXELS),
        )
        return FinishedImage(
            picture=Png(pixels=make_straight_tile(tile, request.repeat)),
            files={
                "preview.webp": WebP(pixels=preview),
                "sheet.png": Png(pixels=make_sheet(printed, request.repeat, *centimetres, dpi=DPI), dpi=DPI),
            },
            scores=drawing.scores,
        )


def read_request(order: ImageOrder) -> PatternRequest:
    """Return the order's request as its model."""
    return PatternRequest.model_validate(order.request, strict=False)


def measure_tile(drawing: Drawing, order: ImageOrder) -> Drawing:
    """Add the scores of the seam and of the ink at the border to the tile, and a flaw if the seam is visible.

    Placed motifs continue over the edges with the same pixels. Their tile has no seam, even where the outline of a
    motif lies along an edge and is the steepest step near it.
    """
    if drawing.flaw and drawing.flaw.fatal:
        return drawing
    seam = measure_seam(drawing.pixels, order.request["repeat"])
    can_show = order.request["way"] == "painted"
    shows = Flaw(reason="its seam is visible", severity=seam) if can_show and seam > MAX_SEAM else None
    ink = measure_border_ink(drawing.pixels, order.request["repeat"])
    scores = {"seam_over_inner": round(seam, 3), "border_ink": round(ink, 3)}
    return replace(drawing, flaw=shows or drawing.flaw, scores=scores)


def enlarge_tile(tile: Drawing, repeat: Repeat, upscaler: Upscaler) -> Drawing:
    """Enlarge the tile by FACTOR, or by 2 if the upscaler does not make larger pictures. A larger tile stays as it is.

    Its edges are enlarged together with their neighbours in the repeat.
    """
    if tile.flaw:
        return tile
    reach = upscaler.network.reach
    high, wide = (0 if repeat == "x" else reach), (0 if repeat == "y" else reach)
    around = add_neighbours(tile.pixels, high, wide, repeat)
    factor = next((each for each in (FACTOR, 2) if around[..., 0].size * each**2 <= MAX_PIXELS), 1)
    if factor == 1:
        return tile
    large = upscaler.upscale(around, factor)
    height, width = (side * factor for side in tile.pixels.shape[:2])
    top, left = high * factor, wide * factor
    pixels = np.ascontiguousarray(large[top : top + height, left : left + width])
    return replace(tile, pixels=pixels, networks=dict(upscaler.identity))


def build_scattered_tile(order: ImageOrder, motifs: Sequence[Drawing]) -> Drawing:
    """Scatter the motifs over a tile. A flawed motif makes the tile flawed."""
    flaw = max((motif.flaw for motif in motifs if motif.flaw), key=lambda flaw: flaw.severity, default=None)
    if flaw and flaw.fatal:
        return replace(motifs[0], seed=order.seed, flaw=flaw)
    request = read_request(order)
    parts = ScatteredTile(
        placements=scatter(seed=order.seed, repeat=request.repeat, motifs=len(motifs), how=request.toss or Toss()),
        motifs=[frame_by_circle(motif.pixels) for motif in motifs],
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
