"""Renderers of tools that need only a source: one order after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence

from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.upscaler import Upscaler


class OneByOneRenderer(ABC):
    """Renders one order after the other, because one picture can be as large as a wave of drawings."""

    def __init__(self, upscaler: Upscaler, sources: SourcePictures) -> None:
        self._upscaler = upscaler
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the same kind for all orders."""
        return None

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return a drawing for each order. Raises SourceMissing, and ImageFlawed without a second attempt, which could
        not differ.
        """
        drawings = []
        for number, order in enumerate(wave):
            drawings.append(
                self._draw(order, lambda share, number=number: on_step((number + share) / len(wave)))  # type: ignore[misc]
            )
            on_step((number + 1) / len(wave))
        return drawings

    @abstractmethod
    def _draw(self, order: ImageOrder, on_step: OnStep) -> Drawing:
        """Return the drawing of an order. Calls `on_step` with its completed share, 0 to 1."""
