"""Clipart: drawn on white, enlarged, cut out; trimmed and traced for a cutting machine while the next is drawn."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from PIL import Image

from craftspark.errors import ImageFlawed
from gpu_tasks.images.drawn import Drawn, Flaw, OnStep, drawing
from gpu_tasks.images.finishing import Finished, Png, Svg
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.order_inputs import settings_of, sketch_of
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.cut_file import CutFile, CutOptions, cut_file
from gpu_tasks.tools.cutting.matte import trim
from gpu_tasks.tools.cutting.motifs import motif_of

PLAN_PIXELS = 256  # of a small copy's longer side
SMALL_PIXELS = 3  # of the smallest piece's side: with fewer, a copy does not show what can be cut


@dataclass(frozen=True, kw_only=True)
class CutPlan:
    """A cut file that keeps to its options. `final`: it is of the motif itself, not of a small copy."""

    cut: CutFile
    final: bool


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
        """The thing, trimmed, and its cut file."""
        motif = trim(drawn.pixels, order.request["margin"])
        cut = finish_cut(motif, options_of(order), drawn.parts)
        return Finished(
            picture=Png(pixels=motif),
            files={"cut.svg": Svg(text=cut.svg)},
            scores={**drawn.scores, "cut_iou": round(cut.iou, 4), "cut_nodes": cut.nodes},
        )


def judged(drawn: Drawn, order: ImageOrder) -> Drawn:
    """The cut-out with a cut file that `finish` can rely on, or with a fatal flaw where no machine could cut it."""
    if drawn.flaw and drawn.flaw.fatal:
        return drawn
    motif, options = trim(drawn.pixels, order.request["margin"]), options_of(order)
    try:
        return replace(drawn, parts=plan_cut(motif, options))
    except ImageFlawed as error:
        return replace(drawn, flaw=Flaw(reason=error.detail, bad=inf, fatal=True))


def plan_cut(motif: Pixels, options: CutOptions) -> CutPlan:
    """A cut file of a small copy of the motif (height, width, 4), which takes a tenth of a drawing's time.

    It is of the motif itself, and as long as a drawing, where the small copy has no cut file, or is too small to tell.
    Raises ImageFlawed where nothing is left to cut, or where it needs more nodes than the options allow.
    """
    small = small_copy(motif)
    if small is not motif and options.smallest_mm * small.shape[1] >= SMALL_PIXELS * options.width_mm:
        with suppress(ImageFlawed):
            return CutPlan(cut=cut_file(small, options), final=False)
    return CutPlan(cut=cut_file(motif, options), final=True)


def finish_cut(motif: Pixels, options: CutOptions, plan: CutPlan) -> CutFile:
    """The cut file of a motif (height, width, 4): the plan's, where it is final or the motif's has too many nodes."""
    if plan.final:
        return plan.cut
    try:
        return cut_file(motif, options)
    except ImageFlawed:
        return plan.cut


def small_copy(motif: Pixels) -> Pixels:
    """The motif with PLAN_PIXELS on its longer side; itself, where it is no larger."""
    height, width = motif.shape[:2]
    scale = PLAN_PIXELS / max(height, width)
    if scale >= 1:
        return motif
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(motif).resize(size, Image.Resampling.BOX))


def options_of(order: ImageOrder) -> CutOptions:
    """How the order's file is to be cut."""
    request = order.request
    return CutOptions(
        width_mm=request["width_mm"],
        smallest_mm=request["smallest_mm"],
        colours=request["colours"] if request["cut"] == "colours" else 0,
        outline_mm=request["outline_mm"],
    )
