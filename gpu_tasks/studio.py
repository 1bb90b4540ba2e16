"""The tools' renderers around one set of loaded model components."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from craftspark.catalogue import Model, find_model
from craftspark.errors import ImageFlawed, ImageUndeliverable, ModelUnavailable
from craftspark.settings import WorkerSettings
from gpu_tasks.adapters import Adapters, unet_sha256
from gpu_tasks.claim import ImageOrder
from gpu_tasks.diffusion import Diffusion
from gpu_tasks.drawn import Drawn, OnStep, better, second_try
from gpu_tasks.finishing import Finished
from gpu_tasks.model_store import load_pipeline, locate
from gpu_tasks.tools.picture import PictureRenderer

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline


class ToolRenderer(Protocol):
    """Renders one tool's images."""

    def kind(self, order: ImageOrder) -> Hashable:
        """Images of the same kind can share a wave."""

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        """A drawing for each order, its flaw with it where it has one; what the GPU does for the tool."""

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        """The image and the files beside it; what the CPU does, meanwhile. Raises ImageUndeliverable."""


class Studio:
    """Gives each wave to the renderer of its tool, and a flawed drawing a second try."""

    def __init__(self, renderers: Mapping[str, ToolRenderer], *, wave_size: int) -> None:
        self.wave_size = wave_size
        self._renderers = renderers

    def kind(self, order: ImageOrder) -> Hashable:
        return order.job.tool, self._renderer(order).kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn | ImageUndeliverable]:
        """A drawing for each order. One with a flaw is drawn once more, with the next seed, and the better one kept."""
        renderer = self._renderer(wave[0])
        drawings = renderer.render(wave, on_step)
        flawed = [place for place, drawn in enumerate(drawings) if drawn.flaw]
        if flawed:
            # Progress is told as done already: the second try is ours to give.
            again = renderer.render([second_try(wave[place]) for place in flawed], lambda _: on_step(1.0))
            for place, second in zip(flawed, again, strict=True):
                drawings[place] = better(drawings[place], second)
        return [
            ImageFlawed(f"tried twice, and {drawn.flaw.reason}") if drawn.flaw and drawn.flaw.fatal else drawn
            for drawn in drawings
        ]

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        return self._renderer(order).finish(order, drawn)

    def _renderer(self, order: ImageOrder) -> ToolRenderer:
        try:
            return self._renderers[order.job.tool]
        except KeyError:
            raise ModelUnavailable(f"this worker has no renderer for the tool {order.job.tool}") from None


def load_studio(settings: WorkerSettings) -> Studio:
    """Load the stage's model and make the tools' renderers; raises ModelUnavailable."""
    model = find_model(settings.model)
    return studio_around(load_pipeline(model, settings), model, settings)


def studio_around(pipeline: StableDiffusionPipeline, model: Model, settings: WorkerSettings) -> Studio:
    """The tools' renderers around a pipeline that `load_pipeline` loaded."""
    base = unet_sha256(Path(pipeline.name_or_path))
    adapters = Adapters(pipeline, base, lambda source: locate(source, settings))
    diffusion = Diffusion(pipeline, model, adapters)
    return Studio({"picture": PictureRenderer(diffusion)}, wave_size=model.wave_size)
