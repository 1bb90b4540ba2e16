"""Upscale: a super-resolution network over tiles of the source."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, finish_unchanged
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.upscaler import Upscaler


class UpscaleRenderer:
    """Renders one order after the other, because one picture can be as large as a wave of drawings."""

    def __init__(self, upscaler: Upscaler, sources: SourcePictures) -> None:
        self._upscaler = upscaler
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the factor of the order."""
        factor: int = order.request["factor"]
        return factor

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return the enlarged sources, with the same number of channels. Raises SourceMissing."""
        drawings = []
        for number, order in enumerate(wave):
            picture = self._sources.load(order)
            pixels = self._upscaler.upscale(
                picture,
                order.request["factor"],
                lambda share, number=number: on_step((number + share) / len(wave)),  # type: ignore[misc]
            )
            drawings.append(Drawing(pixels=pixels, seed=order.seed, networks=self._upscaler.identity))
        return drawings

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the enlarged source unchanged."""
        return finish_unchanged(drawing)
