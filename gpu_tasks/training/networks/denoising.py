"""The loss of a denoising network of any family."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
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
    coupled: bool = False  # whether the noise chooses the view (see `Examples.pair`)


class DenoisingLoss:
    """The mean squared error of a network's predictions, at noise levels spread over the scheduler's range.

    With `ahead`, the next step's batch is prepared while a GPU computes. Raises ModelUntrainable for a scheduler
    without a known process.
    """

    def __init__(
        self,
        examples: Examples,
        pipeline: Any,
        learning: Learning,
        objective: Objective,
        parts: int,
        device: str,
        *,
        ahead: bool = False,
    ) -> None:
        self._examples = examples
        self._pipeline = pipeline
        self._learning = learning
        self._process = find_process(pipeline.scheduler)
        self._parts = parts
        self._objective = objective
        self._device = torch.device(device)
        self._thread = ThreadPoolExecutor(1) if ahead else None
        self._prepared: dict[tuple[int, int], Future[tuple[Noisy, Tensor]]] = {}

    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        prepared = self._prepared.pop((step, part), None)
        batch, target = prepared.result() if prepared else self._mix(step, part)
        # All threads share autocast's cache, and the first one that ends clears it.
        with torch.autocast(self._device.type, torch.bfloat16, cache_enabled=False):
            told = self._learning.predict(self._pipeline, network, batch)
        if self._thread:
            self._prepared[step + 1, part] = self._thread.submit(self._mix, step + 1, part)
        return (told.float() - target).square().mean()

    def _mix(self, step: int, part: int) -> tuple[Noisy, Tensor]:
        """Return a part of a step's batch, and what the network should predict from it."""
        wanted = self._objective
        size = wanted.batch // self._parts
        generator = generator_at(wanted.seed, "noise", step, part)
        noise = torch.randn((size, *self._examples.latents.shape[1:]), generator=generator)
        latents, conditions = self._examples.draw(
            wanted.seed,
            step * self._parts + part,
            size,
            recoloured=wanted.recoloured,
            dropout=wanted.caption_dropout,
            noise=noise if wanted.coupled else None,
        )
        # One level in each equal part of the range gives a gradient with less noise than independent draws.
        levels = (torch.arange(size) + torch.rand(size, generator=generator)) / size
        mixed = self._process.mix(latents, noise.to(latents.device), levels)
        noisy, target, times = (part.to(self._device) for part in mixed)
        batch = Noisy(
            latents=noisy,
            times=times,
            conditions={name: tensor.to(self._device) for name, tensor in conditions.items()},
            side=self._examples.side,
        )
        return batch, target
