"""Picture: text to image."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from gpu_tasks.images.drawn import Drawn, OnStep, drawing
from gpu_tasks.images.finishing import Finished, finished
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.order_inputs import settings_of, sketch_of


class PictureRenderer:
    """Renders waves of one size, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion) -> None:
        self._diffusion = diffusion

    def kind(self, order: ImageOrder) -> Hashable:
        return settings_of(order, self._diffusion.model)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        """Drawings of three channels, in the size that was asked for; raises ModelUnavailable."""
        settings = settings_of(wave[0], self._diffusion.model)
        sketches = [sketch_of(order) for order in wave]
        drawn = self._diffusion.draw(sketches, settings, on_step)
        return [drawing(pixels, order.seed) for pixels, order in zip(drawn, wave, strict=True)]

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        return finished(drawn)
