"""The model that a style is trained for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from craftspark.errors.training import ModelUntrainable
from craftspark.models.catalogue import find_model
from craftspark.models.model import Model
from craftspark.tools.request import sides
from gpu_tasks.inference.adapters import AdapterCache, hash_denoiser
from gpu_tasks.inference.families import Denoiser, Family, find_family
from gpu_tasks.inference.learning import Learning
from gpu_tasks.inference.model_store import open_pipeline
from gpu_tasks.training.networks.noise import find_process

CPU_PARTS = 2
GPU_PIXELS = 1024 * 1024  # of the pictures in one call of the network, which bounds its memory


@dataclass(frozen=True, kw_only=True)
class Base:
    """A catalogue entry, its family, and the folder of its files."""

    entry: Model
    family: Family
    learning: Learning
    folder: Path
    device: str

    @classmethod
    def find(cls, name: str, folder: Path, device: str) -> Base:
        """Find the entry. Raises ModelUnavailable if there is none, ModelUntrainable if it cannot learn styles."""
        entry = find_model(name)
        family = find_family(entry.family)
        if "learn" not in entry.capabilities or not family.learning:
            raise ModelUntrainable(f"{name} cannot learn styles; its family is {entry.family}")
        return cls(entry=entry, family=family, learning=family.learning, folder=folder, device=device)

    @property
    def denoiser(self) -> Denoiser:
        """The name of the denoising network in the pipeline."""
        return self.family.denoiser

    @property
    def side(self) -> int:
        """The side of the training pictures, in pixels: that of the first square size that the model draws."""
        sizes = [sides(size) for size in (self.entry.default_size, *self.entry.sizes)]
        return next((width for width, height in sizes if width == height), min(sizes[0]))

    @property
    def threads(self) -> int | None:
        """The number of parts of a batch that run in parallel: all on a CPU, one on a GPU."""
        return 1 if self._on_gpu else None

    def parts(self, batch: int) -> int:
        """Return the number of parts of a training batch. On a GPU, each fits into its memory."""
        return self.calls(batch) if self._on_gpu else CPU_PARTS

    def calls(self, batch: int) -> int:
        """Return the number of equal calls that a batch needs to fit into the memory of a GPU."""
        if not self._on_gpu:
            return 1
        fit = max(1, GPU_PIXELS // self.side**2)
        return next(parts for parts in range(1, batch + 1) if batch % parts == 0 and batch // parts <= fit)

    def open(self) -> Any:
        """Load the pipeline on the device. Raises ModelUnavailable or ModelUntrainable.

        Frozen weights of transformers have 16 bits on a GPU, or the largest models would not fit.
        """
        half = self._on_gpu and self.entry.dtype == "bfloat16"
        pipeline = open_pipeline(self.folder, torch.bfloat16 if half else torch.float32, self.family)
        if type(pipeline).__name__ != self.family.pipelines["draw"]:
            raise ModelUntrainable(f"a {type(pipeline).__name__} cannot learn styles, which need drawing from a prompt")
        find_process(pipeline.scheduler)
        return pipeline.to(self.device)

    def network(self, pipeline: Any) -> Any:
        """Return the denoising network of a pipeline, ready to be trained."""
        network = getattr(pipeline, self.denoiser)
        if self._on_gpu:
            network.enable_gradient_checkpointing()
        return network

    def adapters(self, pipeline: Any) -> AdapterCache:
        """Return a cache of adapters around a pipeline. Locations are paths of folders."""
        return AdapterCache(
            getattr(pipeline, self.denoiser),
            hash_denoiser(self.folder, self.denoiser),
            Path,
            component=self.denoiser,
        )

    @property
    def _on_gpu(self) -> bool:
        return self.device.startswith("cuda")
