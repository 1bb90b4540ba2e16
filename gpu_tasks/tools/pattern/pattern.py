"""Pattern: one picture painted on a torus, or motifs tossed on it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import ImageColor

from craftspark.tools.pattern import DPI, TILE_PIXELS, WHITE, PatternRequest, Sheet
from craftspark.tools.toss import Repeat, Toss
from gpu_tasks.images.drawn import Drawn, Flaw, OnStep, drawing, nth_seed
from gpu_tasks.images.finishing import Finished, Png, WebP
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.sources import SourcePictures, on_white
from gpu_tasks.inference.diffusion import Diffusion, Settings, Sketch
from gpu_tasks.inference.order_inputs import settings_of, sketch_of
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.matte import trim
from gpu_tasks.tools.cutting.motifs import FACTOR, motif_of
from gpu_tasks.tools.pattern.circular_padding import on_torus, surrounded
from gpu_tasks.tools.pattern.repeats import dots, joined, lay_out, resized, seam_over_inner, sheet, straight_tile
from gpu_tasks.tools.pattern.scatter import Placement, paint, toss

SEAM_MOST = 1.1  # of the tile's inner differences: what is more is seen
PREVIEW_PIXELS = 768
PREVIEW_REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class Tossed:
    """A tile as what lies on it, to be painted at any resolution."""

    placements: Sequence[Placement]
    motifs: Sequence[Pixels]


class PatternRenderer:
    """Renders waves of one way, repeat, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion, upscaler: Upscaler, sources: SourcePictures) -> None:
        self._diffusion = diffusion
        self._upscaler = upscaler
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        return self._settings(order), order.request["way"], order.request["repeat"]

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        """Tiles of three channels, of four where their background is transparent; raises ModelUnavailable."""
        draw = self._painted if wave[0].request["way"] == "painted" else self._tossed
        return [judged(drawn, order) for drawn, order in zip(draw(wave, on_step), wave, strict=True)]

    def _painted(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        settings = self._settings(wave[0])
        repeat: Repeat = wave[0].request["repeat"]
        sketches = [self._sketch(order, repeat, settings.size) for order in wave]
        with on_torus(self._diffusion.networks, repeat):
            tiles = self._diffusion.draw(sketches, settings, on_step)
        return [
            enlarged(drawing(tile, order.seed, begun.start), repeat, self._upscaler)
            for tile, order, begun in zip(tiles, wave, sketches, strict=True)
        ]

    def _settings(self, order: ImageOrder) -> Settings:
        return settings_of(order, self._diffusion.model, strength=order.request["strength"])

    def _sketch(self, order: ImageOrder, repeat: Repeat, size: tuple[int, int]) -> Sketch:
        """What to paint: from noise, or from the source, whose edges are blended into one another."""
        if not order.request["source"]:
            return sketch_of(order)
        return replace(sketch_of(order), start=joined(on_white(self._sources.of(order)), size, repeat))

    def _tossed(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        settings = self._settings(wave[0])
        asked = [
            (order, prompt, nth_seed(order.seed, number))
            for order in wave
            for number, prompt in enumerate(request_of(order).motifs)
        ]
        sketches = [replace(sketch_of(order, prompt), seed=seed) for order, prompt, seed in asked]
        drawn = self._diffusion.draw(sketches, settings, on_step)
        motifs: dict[int, list[Drawn]] = {}
        for (order, _, seed), pixels in zip(asked, drawn, strict=True):
            motifs.setdefault(id(order), []).append(motif_of(drawing(pixels, seed), self._upscaler))
        return [tossed(order, motifs[id(order)]) for order in wave]

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        """The tile that repeats straight, a look at the repeat, and a sheet to print."""
        request = request_of(order)
        tile = drawn.pixels
        page = (request.sheet or Sheet()).filled(request.repeat, tile.shape[0] / tile.shape[1])
        printed = tile
        if isinstance(drawn.parts, Tossed):
            printed = painted(drawn.parts, request, dots(page.cm("repeat"), DPI))
        centimetres = (page.cm("width"), page.cm("height"), page.cm("repeat"))
        preview = lay_out(
            resized(tile, (PREVIEW_PIXELS // PREVIEW_REPEATS,) * 2, request.repeat),
            request.repeat,
            (PREVIEW_PIXELS, PREVIEW_PIXELS),
        )
        return Finished(
            picture=Png(pixels=straight_tile(tile, request.repeat)),
            files={
                "preview.webp": WebP(pixels=preview),
                "sheet.png": Png(pixels=sheet(printed, request.repeat, *centimetres, dpi=DPI), dpi=DPI),
            },
            scores=drawn.scores,
        )


def request_of(order: ImageOrder) -> PatternRequest:
    """The order's request, as it was accepted."""
    return PatternRequest.model_validate(order.request, strict=False)


def judged(drawn: Drawn, order: ImageOrder) -> Drawn:
    """The tile with its seam's score, which is a flaw where it is seen."""
    if drawn.flaw and drawn.flaw.fatal:
        return drawn
    seam = seam_over_inner(drawn.pixels, order.request["repeat"])
    shows = Flaw(reason="its seam is visible", bad=seam) if seam > SEAM_MOST else None
    return replace(drawn, flaw=shows or drawn.flaw, scores={"seam_over_inner": round(seam, 3)})


def enlarged(tile: Drawn, repeat: Repeat, upscaler: Upscaler) -> Drawn:
    """The tile at FACTOR times its size, its edges enlarged with what lies beyond them in the repeat."""
    if tile.flaw:
        return tile
    reach = upscaler.network.reach
    high, wide = (0 if repeat == "x" else reach), (0 if repeat == "y" else reach)
    picture = torch.from_numpy(tile.pixels).permute(2, 0, 1)[None]
    around = surrounded(picture, high, wide, repeat)[0].permute(1, 2, 0).contiguous().numpy()
    large = upscaler.upscale(around, FACTOR)
    height, width = (side * FACTOR for side in tile.pixels.shape[:2])
    top, left = high * FACTOR, wide * FACTOR
    return replace(tile, pixels=np.ascontiguousarray(large[top : top + height, left : left + width]))


def tossed(order: ImageOrder, motifs: Sequence[Drawn]) -> Drawn:
    """A tile with the motifs that came out well; flawed where one did not."""
    flaw = max((motif.flaw for motif in motifs if motif.flaw), key=lambda flaw: flaw.bad, default=None)
    if flaw and flaw.fatal:
        return replace(motifs[0], seed=order.seed, flaw=flaw)
    request = request_of(order)
    parts = Tossed(
        placements=toss(seed=order.seed, repeat=request.repeat, motifs=len(motifs), how=request.toss or Toss()),
        motifs=[trim(motif.pixels, 0) for motif in motifs],
    )
    missing = len(motifs) - len({placement.motif for placement in parts.placements})
    if missing:
        reason = f"{missing} of its {len(motifs)} motifs do not fit on the tile; reduce toss.size or toss.spacing"
        flaw = Flaw(reason=reason, bad=np.inf, fatal=True)
    return Drawn(pixels=painted(parts, request, TILE_PIXELS), seed=order.seed, flaw=flaw, parts=parts)


def painted(parts: Tossed, request: PatternRequest, side: float) -> Pixels:
    """The tile at about so many pixels a side."""
    background = None if request.background == "transparent" else ImageColor.getrgb(request.background or WHITE)
    return paint(parts.placements, parts.motifs, side, background, request.repeat)
