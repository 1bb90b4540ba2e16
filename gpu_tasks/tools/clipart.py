"""Clipart: drawn on white, enlarged, cut out; trimmed and traced for a cutting machine while the next is drawn."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from gpu_tasks.claim import ImageOrder
from gpu_tasks.cutting.cut_file import CutOptions, cut_file
from gpu_tasks.cutting.matte import trim
from gpu_tasks.diffusion import Diffusion
from gpu_tasks.drawn import Drawn, OnStep, drawing
from gpu_tasks.finishing import Finished, Png, Svg
from gpu_tasks.motifs import motif_of
from gpu_tasks.orders import settings_of, sketch_of
from gpu_tasks.upscaler import Upscaler


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
            motif_of(drawing(pixels, order.seed), self._upscaler) for pixels, order in zip(drawn, wave, strict=True)
        ]

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        request = order.request
        motif = trim(drawn.pixels, request["margin"])
        cut = cut_file(
            motif,
            CutOptions(
                width_mm=request["width_mm"],
                smallest_mm=request["smallest_mm"],
                colours=request["colours"] if request["cut"] == "colours" else 0,
                outline_mm=request["outline_mm"],
            ),
        )
        return Finished(
            picture=Png(pixels=motif),
            files={"cut.svg": Svg(text=cut.svg)},
            scores={**drawn.scores, "cut_iou": round(cut.iou, 4), "cut_nodes": cut.nodes},
        )
