"""Upscale: a super-resolution network over tiles of the source."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from gpu_tasks.images.drawn import Drawn, OnStep
from gpu_tasks.images.finishing import Finished, finished
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.upscaler import Upscaler


class UpscaleRenderer:
    """Renders one order after the other: a picture may be as large as a wave of drawings."""

    def __init__(self, upscaler: Upscaler, sources: SourcePictures) -> None:
        self._upscaler = upscaler
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        factor: int = order.request["factor"]
        return factor

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        """The sources, enlarged, with the channels they have; raises SourceMissing."""
        drawings = []
        for number, order in enumerate(wave):
            picture = self._sources.of(order)
            pixels = self._upscaler.upscale(
                picture,
                order.request["factor"],
                lambda share, number=number: on_step((number + share) / len(wave)),  # type: ignore[misc]
            )
            drawings.append(Drawn(pixels=pixels, seed=order.seed))
        return drawings

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        return finished(drawn)
