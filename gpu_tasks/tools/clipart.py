"""Clipart: objects drawn on white, enlarged, cut out, trimmed and traced for a cutting machine."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from gpu_tasks.images.drawing import Drawing, OnStep, add_check
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.order_inputs import build_settings, check_subjects, draw_prompts
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.delivery import finish_motif, prepare_motif
from gpu_tasks.tools.cutting.motifs import MotifCutter


class ClipartRenderer:
    """Renders waves of one size, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion, cutter: MotifCutter, upscaler: Upscaler) -> None:
        self._diffusion = diffusion
        self._cutter = cutter
        self._upscaler = upscaler

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the settings of the order."""
        return build_settings(order, self._diffusion.model)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return drawings with four channels, cut out, trimmed and enlarged for printing. Raises ModelUnavailable."""
        cut_out = self.cut_out(wave, on_step)
        return [prepare_motif(drawing, order, self._upscaler) for drawing, order in zip(cut_out, wave, strict=True)]

    def cut_out(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return drawings with four channels, cut out but not trimmed. Raises ModelUnavailable."""
        drawings = draw_prompts(self._diffusion, wave, on_step)
        return [
            add_check(self._cutter.cut_out(drawing), checked)
            for drawing, checked in zip(drawings, check_subjects(self._diffusion, drawings, wave), strict=True)
        ]

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the motif on its canvas, its cut files, and its sticker if it has a border."""
        return finish_motif(order, drawing)
