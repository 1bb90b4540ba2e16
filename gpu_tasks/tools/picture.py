"""Picture: text to image, enlarged to a size that people use."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from craftspark.tools.picture import delivered_size
from gpu_tasks.images.drawing import Drawing, OnStep, add_check
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, finish_unchanged
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.enlarging import enlarge_drawing
from gpu_tasks.inference.order_inputs import build_settings, check_subjects, draw_prompts
from gpu_tasks.inference.upscaler import Upscaler


class PictureRenderer:
    """Renders waves of one size, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion, upscaler: Upscaler | None) -> None:
        """The upscaler is None if the model draws no size that must be enlarged."""
        self._diffusion = diffusion
        self._upscaler = upscaler

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the settings of the order."""
        return build_settings(order, self._diffusion.model)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return drawings with three channels: in the requested size, or enlarged if it is small. Raises
        ModelUnavailable.
        """
        size = delivered_size(build_settings(wave[0], self._diffusion.model).size)
        drawings = draw_prompts(self._diffusion, wave, on_step)
        checks = check_subjects(self._diffusion, drawings, wave)
        if self._upscaler:
            drawings = [enlarge_drawing(drawing, size, self._upscaler, on_step) for drawing in drawings]
        return [add_check(drawing, checked) for drawing, checked in zip(drawings, checks, strict=True)]

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the drawing unchanged."""
        return finish_unchanged(drawing)
