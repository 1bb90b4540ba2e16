"""Picture: text to image."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, finish_unchanged
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.order_inputs import build_settings, draw_prompts


class PictureRenderer:
    """Renders waves of one size, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion) -> None:
        self._diffusion = diffusion

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the settings of the order."""
        return build_settings(order, self._diffusion.model)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return drawings with three channels in the requested size. Raises ModelUnavailable."""
        return draw_prompts(self._diffusion, wave, on_step)

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the drawing unchanged."""
        return finish_unchanged(drawing)
