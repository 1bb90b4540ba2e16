"""The tools' renderers around one set of loaded model components."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from craftspark.catalogue import Model, find_model
from craftspark.errors import ModelUnavailable
from craftspark.settings import WorkerSettings
from gpu_tasks.adapters import Adapters, unet_sha256
from gpu_tasks.claim import ImageOrder
from gpu_tasks.model_store import load_pipeline, locate
from gpu_tasks.tools.picture import PictureRenderer

if TYPE_CHECKING:
    import numpy as np
    from diffusers import StableDiffusionPipeline
    from numpy.typing import NDArray


class ToolRenderer(Protocol):
    """Renders one tool's images."""

    def kind(self, order: ImageOrder) -> Hashable: ...

    def render(self, wave: Sequence[ImageOrder], on_step: Callable[[float], None]) -> list[NDArray[np.uint8]]: ...


class Studio:
    """Gives each wave to the renderer of its tool."""

    def __init__(self, renderers: dict[str, ToolRenderer], *, wave_size: int) -> None:
        self.wave_size = wave_size
        self._renderers = renderers

    def kind(self, order: ImageOrder) -> Hashable:
        return order.job.tool, self._renderer(order).kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: Callable[[float], None]) -> list[NDArray[np.uint8]]:
        return self._renderer(wave[0]).render(wave, on_step)

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
    return Studio({"picture": PictureRenderer(pipeline, model, adapters)}, wave_size=model.wave_size)
