"""One set of loaded components, and the Diffusers pipelines around it that the tools draw with."""

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
from gpu_tasks.images.drawn import OnStep
from gpu_tasks.images.pixels import Pixels, to_bytes
from gpu_tasks.inference.adapters import Adapters


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all drawings of one call have in common. `size` is (width, height) in pixels.

    `strength`, 0 to 1, is how far a drawing may leave the picture that it begins from. `adapter` is where the style's
    adapter lies, where there is one.
    """

    size: tuple[int, int]
    steps: int
    guidance: float
    strength: float | None = None
    adapter: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """One drawing to make. `start` is the picture it begins from, `unknown` (height, width) where it is to be drawn
    anew, 1, and where it is known, 0."""

    prompt: str
    negative_prompt: str
    seed: int
    start: Pixels | None = None
    unknown: Pixels | None = None


class Diffusion:
    """Draws in calls of one size, whatever the number of drawings: the rest is padding.

    A kernel's rounding depends on the shape of its input. With one shape for every call, a drawing depends on its own
    sketch and seed alone, not on how many others happened to be drawn with it.
    """

    def __init__(self, pipeline: StableDiffusionPipeline, model: Model, adapters: Adapters) -> None:
        self.model = model
        self._text_to_image = pipeline
        self._adapters = adapters

    @property
    def networks(self) -> list[nn.Module]:
        """The networks between noise, pixels and back."""
        vae = self._text_to_image.vae
        return [self._text_to_image.unet, vae.encoder, vae.decoder]

    def draw(self, sketches: Sequence[Sketch], settings: Settings, on_step: OnStep) -> list[Pixels | None]:
        """Pixels (height, width, 3) for each sketch, None for one whose numbers left their range.

        `on_step` hears the share done, 0 to 1. Raises ModelUnavailable, or InvalidInput for too many words.
        """
        size = self.model.wave_size
        calls = -(-len(sketches) // size)
        drawn: list[Pixels | None] = []
        for call, start in enumerate(range(0, len(sketches), size)):
            done, share = call / calls, 1 / calls
            drawn += self._call(
                sketches[start : start + size],
                settings,
                lambda part, done=done, share=share: on_step(done + part * share),  # type: ignore[misc]
            )
        return drawn

    def _call(self, sketches: Sequence[Sketch], settings: Settings, on_step: OnStep) -> list[Pixels | None]:
        adapter = self._adapters.use(settings.adapter)
        prompts = [adapter.prompt(sketch.prompt) if adapter else sketch.prompt for sketch in sketches]
        self._check_length(prompts)
        self._check_length([sketch.negative_prompt for sketch in sketches])
        filled = [*sketches, *[sketches[-1]] * (self.model.wave_size - len(sketches))]
        pipeline, extra = self._fitting(filled, settings)

        def after_step(ran: Any, step: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            on_step((step + 1) / ran.num_timesteps)
            return values

        tensors: Tensor = pipeline(
            prompt=[*prompts, *[prompts[-1]] * (len(filled) - len(prompts))],
            negative_prompt=[sketch.negative_prompt for sketch in filled],
            num_inference_steps=settings.steps,
            guidance_scale=settings.guidance,
            # Drawn on the CPU, so that a seed means the same noise on every device.
            generator=[torch.Generator("cpu").manual_seed(sketch.seed) for sketch in filled],
            callback_on_step_end=after_step,
            output_type="pt",
            **extra,
        ).images
        # Brought from the GPU at once: each picture by itself would be waited for.
        return [to_pixels(tensor) for tensor in tensors[: len(sketches)].cpu()]

    def _check_length(self, texts: Sequence[str]) -> None:
        """Raise InvalidInput for a text of which the pipeline would leave out the end in silence.

        Submission refuses it already, by the catalogue; the tokenizer beside the model has the last word.
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

    def _fitting(self, sketches: Sequence[Sketch], settings: Settings) -> tuple[Any, dict[str, Any]]:
        """The pipeline for such sketches, and what it alone takes."""
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
        return self._around(StableDiffusionImg2ImgPipeline)

    @cached_property
    def _inpaint(self) -> StableDiffusionInpaintPipeline:
        return self._around(StableDiffusionInpaintPipeline)

    def _around(self, kind: Any) -> Any:
        """Another pipeline around the same components, in the precision they have."""
        before = diffusers_log.get_verbosity()
        diffusers_log.set_verbosity_error()  # it warns of casting, to the precision that they have
        try:
            made = kind.from_pipe(self._text_to_image, dtype=self._text_to_image.unet.dtype)
        finally:
            diffusers_log.set_verbosity(before)
        made.set_progress_bar_config(disable=True)
        return made


def to_tensor(pixels: Pixels) -> Tensor:
    """(height, width, 3) bytes as (3, height, width), 0 to 1."""
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def to_pixels(tensor: Tensor) -> Pixels | None:
    """(3, height, width), 0 to 1, as (height, width, 3) bytes; None where one is no number."""
    return to_bytes(tensor) if torch.isfinite(tensor).all() else None
