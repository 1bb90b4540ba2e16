"""Clipart: drawn on white, enlarged, cut out; trimmed and traced for a cutting machine while the next is drawn."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from math import inf

from craftspark.errors import ImageFlawed
from gpu_tasks.claim import ImageOrder
from gpu_tasks.cutting.cut_file import CutFile, CutOptions, cut_file, outline_of
from gpu_tasks.cutting.matte import trim
from gpu_tasks.diffusion import Diffusion
from gpu_tasks.drawn import Drawn, Flaw, OnStep, drawing
from gpu_tasks.finishing import Finished, Png, Svg
from gpu_tasks.motifs import motif_of
from gpu_tasks.orders import settings_of, sketch_of
from gpu_tasks.upscaler import Upscaler

SMALL_PIXELS = 3  # pieces that are smaller than this may be very many


class ClipartRenderer:
    """Renders waves of one size, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion, upscaler: Upscaler) -> None:
        self._diffusion = diffusion
        self._upscaler = upscaler

    def kind(self, order: ImageOrder) -> Hashable:
        return settings_of(order, self._diffusion.model)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        """Drawings of four channels, enlarged and cut out, not yet trimmed; raises ModelUnavailable."""
        settings = settings_of(wave[0], self._diffusion.model)
        sketches = [sketch_of(order) for order in wave]
        drawn = self._diffusion.draw(sketches, settings, on_step)
        return [
            judged(motif_of(drawing(pixels, order.seed), self._upscaler), order)
            for pixels, order in zip(drawn, wave, strict=True)
        ]

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        """The thing, trimmed, and its cut file; raises ImageFlawed where there is nothing that can be cut."""
        motif = trim(drawn.pixels, order.request["margin"])
        cut: CutFile = drawn.parts or cut_file(motif, options_of(order))
        return Finished(
            picture=Png(pixels=motif),
            files={"cut.svg": Svg(text=cut.svg)},
            scores={**drawn.scores, "cut_iou": round(cut.iou, 4), "cut_nodes": cut.nodes},
        )


def judged(drawn: Drawn, order: ImageOrder) -> Drawn:
    """The cut-out, with a fatal flaw where no machine could cut it.

    The whole cut file is made here only where its smallest pieces are so small that it may have too many nodes: it
    takes as long as a drawing, and otherwise `finish` makes it beside the next wave.
    """
    if drawn.flaw and drawn.flaw.fatal:
        return drawn
    motif, options = trim(drawn.pixels, order.request["margin"]), options_of(order)
    try:
        if options.smallest_mm * motif.shape[1] < SMALL_PIXELS * options.width_mm:
            return replace(drawn, parts=cut_file(motif, options))
        outline_of(motif, options)
    except ImageFlawed as error:
        return replace(drawn, flaw=Flaw(reason=error.detail, bad=inf, fatal=True))
    return drawn


def options_of(order: ImageOrder) -> CutOptions:
    """How the order's file is to be cut."""
    request = order.request
    return CutOptions(
        width_mm=request["width_mm"],
        smallest_mm=request["smallest_mm"],
        colours=request["colours"] if request["cut"] == "colours" else 0,
        outline_mm=request["outline_mm"],
    )
