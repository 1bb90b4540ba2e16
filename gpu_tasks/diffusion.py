"""One set of loaded components, and the Diffusers pipeline around it that the tools draw with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from craftspark.catalogue import Model
from gpu_tasks.adapters import Adapters
from gpu_tasks.drawn import OnStep
from gpu_tasks.pixels import Pixels, to_bytes


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all drawings of one call have in common. `size` is (width, height) in pixels.

    `adapter` is where the style's adapter lies, where there is one.
    """

    size: tuple[int, int]
    steps: int
    guidance: float
    adapter: str | None


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """One drawing to make."""

    prompt: str
    negative_prompt: str
    seed: int


class Diffusion:
    """Draws in calls of one size, whatever the number of drawings: the rest is padding.

    A kernel's rounding depends on the shape of its input. With one shape for every call, a drawing depends on its own
    sketch and seed alone, not on how many others happened to be drawn with it.
    """

    def __init__(self, pipeline: StableDiffusionPipeline, model: Model, adapters: Adapters) -> None:
        self.model = model
        self._pipeline = pipeline
        self._adapters = adapters

    def draw(self, sketches: Sequence[Sketch], settings: Settings, on_step: OnStep) -> list[Pixels | None]:
        """Pixels (height, width, 3) for each of up to `wave_size` sketches, None where numbers left their range.

        `on_step` hears the share done, 0 to 1. Raises ModelUnavailable.
        """
        adapter = self._adapters.use(settings.adapter)
        filled = [*sketches, *[sketches[-1]] * (self.model.wave_size - len(sketches))]
        width, height = settings.size

        def after_step(_pipeline: Any, step: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            on_step((step + 1) / settings.steps)
            return values

        tensors: Tensor = self._pipeline(
            prompt=[adapter.prompt(sketch.prompt) if adapter else sketch.prompt for sketch in filled],
            negative_prompt=[sketch.negative_prompt for sketch in filled],
            width=width,
            height=height,
            num_inference_steps=settings.steps,
            guidance_scale=settings.guidance,
            guidance_rescale=self.model.guidance_rescale,
            # Drawn on the CPU, so that a seed means the same noise on every device.
            generator=[torch.Generator("cpu").manual_seed(sketch.seed) for sketch in filled],
            callback_on_step_end=after_step,
            output_type="pt",
        ).images
        # Brought from the GPU at once: each picture by itself would be waited for.
        return [to_pixels(tensor) for tensor in tensors[: len(sketches)].cpu()]


def to_pixels(tensor: Tensor) -> Pixels | None:
    """(3, height, width), 0 to 1, as (height, width, 3) bytes; None where one is no number."""
    return to_bytes(tensor) if torch.isfinite(tensor).all() else None
