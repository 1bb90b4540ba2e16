"""The renderer of a worker: the tools of its pool, each with its model, of which some are loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from math import inf
from pathlib import Path
from time import monotonic

import torch
from aws_lambda_powertools import Logger

from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import find_models
from craftspark.models.networks import NETWORKS
from gpu_tasks.activity import record_activity
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.inference.device import free_memory, name_device
from gpu_tasks.inference.manifests import measure_bytes
from gpu_tasks.inference.model_store import find_cache, load_folder, locate
from gpu_tasks.renderers.model_cache import MemoryExceeded, ModelCache
from gpu_tasks.renderers.shared_components import SharedComponents
from gpu_tasks.renderers.tool_renderers import (
    NETWORK_WAVE_SIZE,
    Surroundings,
    ToolRenderers,
    build_network_renderers,
    build_renderers,
)

# For this time, a model that could not be loaded is not tried again, which could unload another. Seconds.
RETRY_S = 60.0
# The bytes that the slowest disks and GPUs load in a second. A load and a compilation record no progress meanwhile, so
# the watchdog waits for as long as they may take.
LOADED_PER_S = 50e6
COMPILING_S = 600.0

logger = Logger(service="gpu_worker")


class PoolRenderer:
    """Renders each wave with the renderers of its model.

    Diffusion models are loaded when they are needed, and unloaded when the memory is needed for another. Networks stay
    loaded. A model that could not be loaded is tried again after RETRY_S. `wave_size` is the largest number of images
    of a wave. `tools` has the name of the catalogue entry of each tool.
    """

    def __init__(
        self,
        tools: Mapping[str, str],
        surroundings: Surroundings,
        *,
        budget_gib: float,
        now: Callable[[], float] = monotonic,
    ) -> None:
        """Load the networks of tools that need no model, and no model yet. Raises ModelUnavailable."""
        self._surroundings = surroundings
        self._tools = {name: [tool for tool, serving in tools.items() if serving == name] for name in tools.values()}
        device = name_device(surroundings.settings.device)
        self._models = {model.name: model.on(device) for model in find_models(self._tools)}
        self.wave_size = max(map(self.max_images, self._tools))
        self._components = SharedComponents()
        self._folders: dict[str, Path] = {}
        self._failures: dict[str, tuple[float, str]] = {}
        self._now = now
        self._cache = ModelCache(
            open_model=self._open, close_model=self._close, needs_gib=self._needs_gib, budget_gib=budget_gib
        )
        # Renderers of unloaded models stay here, because their last images may not be finished yet.
        self._renderers = {
            name: build_network_renderers(NETWORKS[name], surroundings, self._tools[name])
            for name in self._tools
            if name not in self._models
        }

    @property
    def loaded(self) -> Collection[str]:
        """The names of the loaded models, the least recently used one first."""
        return self._cache.loaded

    def max_images(self, model: str) -> int:
        """Return the largest number of images of a wave of this model."""
        return self._models[model].wave_size if model in self._models else NETWORK_WAVE_SIZE

    def is_loaded(self, model: str) -> bool:
        """Return whether images of this model can be rendered without loading it. Networks always can."""
        return model in self._cache.loaded or model not in self._models

    def load(self, model: str) -> None:
        """Load a model unless it is loaded. Raises ModelUnavailable, for a model that this worker does not have too."""
        self.use(model)

    def preload(self) -> None:
        """Load as many models as the memory has room for, so that the worker is ready.

        A model that cannot be loaded is only logged if another one can. Raises ModelUnavailable if none can.
        """
        failure: ModelUnavailable | None = None
        for name in self._models:
            try:
                self._locate(name)
                if self._cache.fits(name):
                    self.load(name)
            except ModelUnavailable as error:
                failure = error
                logger.error("model not loaded", extra={"model": name, "reason": error.name, "detail": error.detail})
        if failure and not self._cache.loaded and len(self._tools) == len(self._models):
            raise failure

    def use(self, model: str) -> ToolRenderers:
        """Return the renderers of a catalogue entry, loaded. Raises ModelUnavailable."""
        if model not in self._tools:
            raise ModelUnavailable(f"this worker has no model {model}; it has {', '.join(self._tools)}")
        if model in self._models:
            self._renderers[model] = self._load(model)
        return self._renderers[model]

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the kind of an image: its model, its tool and the tool's own kind. Raises ModelUnavailable."""
        return order.model, self.use(order.model).kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        """Return a drawing or an error for each order. Raises only SpotInterrupted, WaveStopped and DeviceLost."""
        return self.use(wave[0].model).render(wave, on_step)

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        """Return the encoded image with its files, even if the model was unloaded meanwhile. Raises UnsafeContent or
        another ImageUndeliverable.
        """
        return self._renderers[order.model].finish(order, drawing)

    def _load(self, model: str) -> ToolRenderers:
        tried_at, problem = self._failures.get(model, (-inf, ""))
        if self._now() - tried_at >= RETRY_S:
            try:
                self._locate(model)
                return self._cache.use(model)
            except MemoryExceeded as error:
                problem = str(error)
            except ModelUnavailable as error:
                problem = error.detail
            self._failures[model] = self._now(), problem
        # A new error: the traceback of the first one refers to the partly loaded model.
        free_memory(self._surroundings.settings.device)
        raise ModelUnavailable(problem)

    def _locate(self, name: str) -> None:
        """Find the files of a model, or download them, while other models stay loaded."""
        if name not in self._folders:
            self._folders[name] = locate(self._models[name].source, self._surroundings.settings)
            record_activity()

    def _open(self, name: str) -> ToolRenderers:
        model, folder, started = self._models[name], self._folders[name], monotonic()
        shared = self._components.find(folder, self._form(name))
        try:
            record_activity(measure_bytes(folder) / LOADED_PER_S)
            settings = self._surroundings.settings
            pipeline = load_folder(folder, model, settings.device, shared, find_cache(settings))
            record_activity(COMPILING_S if model.acceleration.compiled else 0.0)
            self._components.add(folder, self._form(name), pipeline)
            renderers = build_renderers(pipeline, model, self._surroundings, self._tools[name])
        except torch.OutOfMemoryError as error:
            raise MemoryExceeded(f"{name} exceeds the free memory of this worker: {error}") from None
        facts = {"model": name, "load_s": round(monotonic() - started, 2), "shared": sorted(shared)}
        logger.info("model loaded", extra=facts)
        return renderers

    def _close(self, renderers: ToolRenderers) -> None:
        renderers.release()
        free_memory(self._surroundings.settings.device)
        logger.info("model unloaded", extra={"model": renderers.model})

    def _needs_gib(self, names: Collection[str]) -> float:
        """The memory that these models need together. Each keeps what its own drawing needs."""
        total = sum(self._models[name].gpu_memory_gib for name in names)
        folders = [(self._folders[name], self._form(name)) for name in names]
        return total - self._components.shared_gib(folders)

    def _form(self, name: str) -> str:
        """The form of a model's networks. Models whose networks have other forms cannot share them."""
        return f"{self._models[name].dtype}, {self._models[name].acceleration}"
