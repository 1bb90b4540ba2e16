"""Picture: text to image."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray

from craftspark.catalogue import Model
from craftspark.errors import InvalidInput, ModelUnavailable
from gpu_tasks.adapters import Adapters
from gpu_tasks.claim import ImageOrder


def adapter_source(order: ImageOrder, model: Model) -> str | None:
    """Where the adapter for this order lies, if it wants one; raises ModelUnavailable. Nothing else decides it."""
    name = order.job.request["style"]
    try:
        return None if name is None else model.style(name).source
    except InvalidInput as error:  # a maker is refused at submission; here the worker's catalogue is another
        raise ModelUnavailable(error.detail) from None


class PictureRenderer:
    """Renders waves of one size, whatever the number of images: the rest is padding.

    A kernel's rounding depends on the shape of its input. With one shape for every call, an image's bytes depend on
    its own request and seed alone, not on how many others happened to be in the wave. A wave has one style.
    """

    def __init__(self, pipeline: StableDiffusionPipeline, model: Model, adapters: Adapters) -> None:
        self._pipeline = pipeline
        self._model = model
        self._adapters = adapters

    def kind(self, order: ImageOrder) -> Hashable:
        request = order.job.request
        return request["size"], request["steps"], request["guidance"], adapter_source(order, self._model)

    def render(self, wave: Sequence[ImageOrder], on_step: Callable[[float], None]) -> list[NDArray[np.uint8]]:
        """Pixels of the shape (height, width, 3), 0 to 255, one array an order; raises ModelUnavailable."""
        adapter = self._adapters.use(adapter_source(wave[0], self._model))
        filled = [*wave, *[wave[-1]] * (self._model.wave_size - len(wave))]
        requests = [order.job.request for order in filled]
        width, height = (int(side) for side in requests[0]["size"].split("x"))
        steps: int = requests[0]["steps"]

        def after_step(_pipeline: Any, step: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            on_step((step + 1) / steps)
            return values

        tensors = self._pipeline(
            prompt=[adapter.prompt(request["prompt"]) if adapter else request["prompt"] for request in requests],
            negative_prompt=[request["negative_prompt"] for request in requests],
            width=width,
            height=height,
            num_inference_steps=steps,
            guidance_scale=requests[0]["guidance"],
            guidance_rescale=self._model.guidance_rescale,
            # Drawn on the CPU, so that a seed means the same noise on every device.
            generator=[torch.Generator("cpu").manual_seed(order.seed) for order in filled],
            callback_on_step_end=after_step,
            output_type="pt",
        ).images
        pixels = tensors[: len(wave)].mul(255).round().clamp(0, 255).to(torch.uint8)
        return list(pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy())
