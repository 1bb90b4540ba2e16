"""How pictures and noise are mixed in training, and what a denoising network predicts from the mixture: as the model's
scheduler says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from craftspark.errors.training import ModelUntrainable

LEAST = 1e-4  # distance of a noise level from 0 and 1, where a picture or its noise is lost


class Process(Protocol):
    """Mixes pictures with noise."""

    def mix(self, latents: Tensor, noise: Tensor, levels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the mixture, what a network should predict from it, and the scheduler's timesteps (N).

        `levels` (N), 0 to 1, are spread evenly: each process has its own distribution of noise.
        """


@dataclass(frozen=True)
class Diffusion:
    """Diffusion in discrete steps (arXiv:2006.11239). `signal` (steps) is the picture's share of the variance.
    `predicts` is `epsilon`, `v_prediction` or `sample`.
    """

    signal: Tensor
    predicts: str

    def mix(self, latents: Tensor, noise: Tensor, levels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        times = (levels * len(self.signal)).long().clamp(max=len(self.signal) - 1)
        signal = expand(self.signal[times], latents)
        noisy = signal.sqrt() * latents + (1 - signal).sqrt() * noise
        if self.predicts == "epsilon":
            return noisy, noise, times
        if self.predicts == "sample":
            return noisy, latents, times
        return noisy, signal.sqrt() * noise - (1 - signal).sqrt() * latents, times


@dataclass(frozen=True)
class Flow:
    """A straight flow from pictures to noise (arXiv:2403.03206). The network predicts its velocity.

    Levels follow a logit-normal distribution, which has most of them in the middle. `shift` moves them towards noise,
    as in drawing, and `steps` is the last timestep.
    """

    shift: float
    steps: int

    def mix(self, latents: Tensor, noise: Tensor, levels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        middle = torch.special.ndtri(levels.clamp(LEAST, 1 - LEAST)).sigmoid()
        share = self.shift * middle / (1 + (self.shift - 1) * middle)
        noisy = latents.lerp(noise, expand(share, latents))
        return noisy, noise - latents, share * self.steps


def expand(values: Tensor, latents: Tensor) -> Tensor:
    """Return values (N) in a shape that multiplies latents (N, ...), on their device."""
    return values.view(-1, *[1] * (latents.dim() - 1)).to(latents.device)


def find_process(scheduler: Any) -> Process:
    """Return the process of a model's scheduler. Raises ModelUntrainable."""
    settings = scheduler.config
    kind = type(scheduler).__name__
    predicts = settings.get("prediction_type", "flow_prediction" if kind.startswith("FlowMatch") else None)
    if predicts == "flow_prediction":
        # Schedulers with a dynamic shift choose it by the size of each drawing.
        shift = settings.get("shift") or settings.get("flow_shift") or 1.0
        return Flow(1.0 if settings.get("use_dynamic_shifting") else shift, settings.num_train_timesteps)
    signal = getattr(scheduler, "alphas_cumprod", None)
    if predicts not in ("epsilon", "v_prediction", "sample") or signal is None:
        raise ModelUntrainable(f"styles cannot be trained with the noise of {kind}")
    # The betas may be rescaled, so that nothing of the picture is left at the last timestep.
    return Diffusion(signal.float(), predicts)
