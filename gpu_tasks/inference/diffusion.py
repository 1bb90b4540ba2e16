"""One set of loaded components, and the Diffusers pipelines around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline, StableDiffusionPipeline
from diffusers.utils import logging as diffusers_log
from torch import Tensor, nn

from craftspark.errors import InvalidInput
from craftspark.models.catalogue import Model
from gpu_tasks.chunks import split_chunks
from gpu_tasks.images.drawing import OnStep
from gpu_tasks.images.pixels import Pixels, to_bytes
from gpu_tasks.inference.adapters import AdapterCache


@dataclass(frozen=True, kw_only=True)
class DrawingSettings:
    """The settings that all drawings of one call share. `size` is (width, height) in pixels.

    `strength`, 0 to 1, is how far a drawing may differ from its initial picture. `adapter` is the location of the
    style's adapter.
    """

    size: tuple[int, int]
    steps: int
    guidance: float
    strength: float | None = None
    adapter: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """The inputs of one drawing. `start` is its initial picture. `unknown` (height, width) is 1 where pixels are drawn
    and 0 where they are kept.
    """

    prompt: str
    negative_prompt: str
    seed: int
    start: Pixels | None = None
    unknown: Pixels | None = None


class Diffusion:
    """Draws in calls of one size. Short calls are padded.

    A kernel's rounding depends on the shape of its input. With one shape for all calls, a drawing depends only on its
    own sketch and seed, not on the other drawings of the call.
    """

    def __init__(self, pipeline: StableDiffusionPipeline, model: Model, adapters: AdapterCache) -> None:
        self.model = model
        self._text_to_image = pipeline
        self._adapters = adapters

    @property
    def networks(self) -> list[nn.Module]:
        """The networks that convert between noise and pixels."""
        vae = self._text_to_image.vae
        return [self._text_to_image.unet, vae.encoder, vae.decoder]

    def draw(self, sketches: Sequence[Sketch], settings: DrawingSettings, on_step: OnStep) -> list[Pixels | None]:
        """Return pixels (height, width, 3) for each sketch, or None if its numbers left their range.

        Calls `on_step` with the completed share, 0 to 1. Raises ModelUnavailable, or InvalidInput for a text with too
        many tokens.
        """
        calls = list(split_chunks(sketches, self.model.wave_size))
        drawn: list[Pixels | None] = []
        for number, call in enumerate(calls):
            done, share = number / len(calls), 1 / len(calls)
            drawn += self._call(
                call,
                settings,
                lambda part, done=done, share=share: on_step(done + part * share),  # type: ignore[misc]
            )
        return drawn

    def _call(self, sketches: Sequence[Sketch], settings: DrawingSettings, on_step: OnStep) -> list[Pixels | None]:
        adapter = self._adapters.use(settings.adapter)
        prompts = [adapter.prompt(sketch.prompt) if adapter else sketch.prompt for sketch in sketches]
        self._check_length(prompts)
        self._check_length([sketch.negative_prompt for sketch in sketches])
        filled = [*sketches, *[sketches[-1]] * (self.model.wave_size - len(sketches))]
        pipeline, extra = self._choose_pipeline(filled, settings)

        def after_step(ran: Any, step: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            on_step((step + 1) / ran.num_timesteps)
            return values

        tensors: Tensor = pipeline(
            prompt=[*prompts, *[prompts[-1]] * (len(filled) - len(prompts))],
            negative_prompt=[sketch.negative_prompt for sketch in filled],
            num_inference_steps=settings.steps,
            guidance_scale=settings.guidance,
            # The noise is from the CPU, so that a seed gives the same noise on every device.
            generator=[torch.Generator("cpu").manual_seed(sketch.seed) for sketch in filled],
            callback_on_step_end=after_step,
            output_type="pt",
            **extra,
        ).images
        # One transfer from the GPU: a transfer for each picture would wait for each.
        return [to_pixels(tensor) for tensor in tensors[: len(sketches)].cpu()]

    def _check_length(self, texts: Sequence[str]) -> None:
        """Raise InvalidInput for a text that the pipeline would truncate silently.

        Submission rejects such a text by the catalogue. The model's own tokenizer decides here.
        """
        tokenizer = self._text_to_image.tokenizer
        for text in texts:
            count = len(tokenizer(text, truncation=False, verbose=False).input_ids)
            if count > tokenizer.model_max_length:
                around = tokenizer.num_special_tokens_to_add()
                raise InvalidInput(
                    f"the prompt has {count - around} tokens, preset and style included, and {self.model.name}"
                    f" reads {tokenizer.model_max_length - around}; use fewer words",
                    field="prompt",
                )

    def _choose_pipeline(self, sketches: Sequence[Sketch], settings: DrawingSettings) -> tuple[Any, dict[str, Any]]:
        """Return the pipeline for these sketches, and its own arguments."""
        width, height = settings.size
        if settings.strength is None:
            return self._text_to_image, {
                "width": width,
                "height": height,
                "guidance_rescale": self.model.guidance_rescale,
            }
        starts = torch.stack([to_tensor(sketch.start) for sketch in sketches if sketch.start is not None])
        if sketches[0].unknown is None:
            return self._image_to_image, {"image": starts, "strength": settings.strength}
        masks = torch.stack([torch.from_numpy(s.unknown).float()[None] for s in sketches if s.unknown is not None])
        sides = {"width": width, "height": height}
        return self._inpaint, {"image": starts, "mask_image": masks, "strength": settings.strength, **sides}

    @cached_property
    def _image_to_image(self) -> StableDiffusionImg2ImgPipeline:
        return self._derive_pipeline(StableDiffusionImg2ImgPipeline)

    @cached_property
    def _inpaint(self) -> StableDiffusionInpaintPipeline:
        return self._derive_pipeline(StableDiffusionInpaintPipeline)

    def _derive_pipeline(self, kind: Any) -> Any:
        """Build another pipeline around the same components, in the same precision."""
        before = diffusers_log.get_verbosity()
        diffusers_log.set_verbosity_error()  # it would warn about a cast
        try:
            made = kind.from_pipe(self._text_to_image, dtype=self._text_to_image.unet.dtype)
        finally:
            diffusers_log.set_verbosity(before)
        made.set_progress_bar_config(disable=True)
        return made


def to_tensor(pixels: Pixels) -> Tensor:
    """Convert bytes (height, width, 3) to a tensor (3, height, width), 0 to 1."""
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def to_pixels(tensor: Tensor) -> Pixels | None:
    """Convert a tensor (3, height, width), 0 to 1, to bytes (height, width, 3). None if a number is not finite."""
    return to_bytes(tensor) if torch.isfinite(tensor).all() else None
