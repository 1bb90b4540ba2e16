"""The loss of a denoising network of any family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gpu_tasks.inference.learning import Learning, Noisy
from gpu_tasks.training.dataset.examples import Examples
from gpu_tasks.training.loop import generator_at
from gpu_tasks.training.networks.noise import find_process


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The composition of a batch, which is part of the recipe."""

    seed: int
    batch: int
    recoloured: float  # share of recoloured pictures, among subjects with any
    caption_dropout: float


class DenoisingLoss:
    """The mean squared error of a network's predictions, at noise levels spread over the scheduler's range.

    Raises ModelUntrainable for a scheduler without a known process.
    """

    def __init__(
        self, examples: Examples, pipeline: Any, learning: Learning, objective: Objective, parts: int, device: str
    ) -> None:
        self._examples = examples
        self._pipeline = pipeline
        self._learning = learning
        self._process = find_process(pipeline.scheduler)
        self._parts = parts
        self._objective = objective
        self._device = torch.device(device)

    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        wanted = self._objective
        size = wanted.batch // self._parts
        latents, conditions = self._examples.draw(
            wanted.seed, step * self._parts + part, size, recoloured=wanted.recoloured, dropout=wanted.caption_dropout
        )
        generator = generator_at(wanted.seed, "noise", step, part)
        noise = torch.randn(latents.shape, generator=generator)
        # One level in each equal part of the range gives a gradient with less noise than independent draws.
        levels = (torch.arange(size) + torch.rand(size, generator=generator)) / size
        noisy, target, times = (part.to(self._device) for part in self._process.mix(latents, noise, levels))
        batch = Noisy(
            latents=noisy,
            times=times,
            conditions={name: tensor.to(self._device) for name, tensor in conditions.items()},
            side=self._examples.side,
        )
        # All threads share autocast's cache, and the first one that ends clears it.
        with torch.autocast(self._device.type, torch.bfloat16, cache_enabled=False):
            told = self._learning.predict(self._pipeline, network, batch)
        return (told.float() - target).square().mean()
