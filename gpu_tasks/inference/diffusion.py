"""One set of loaded components, and the Diffusers pipelines around it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from craftspark.errors import InvalidInput, ModelUnavailable
from craftspark.models.capabilities import SENTENCES, Capability
from craftspark.models.model import Model
from craftspark.tools.request import sides
from craftspark.tools.toss import Repeat
from gpu_tasks.chunks import split_chunks
from gpu_tasks.images.drawing import OnStep
from gpu_tasks.images.pixels import Pixels, to_bytes
from gpu_tasks.inference.acceleration import decode_in_tiles
from gpu_tasks.inference.adapters import AdapterCache
from gpu_tasks.inference.families import Family, find_family, parameters_of
from gpu_tasks.inference.seamless.circular_padding import pad_circularly
from gpu_tasks.inference.seamless.wrapped_margins import Canvas, wrap_margins
from gpu_tasks.inference.subject_check import SubjectCheck


@dataclass(frozen=True, kw_only=True)
class DrawingSettings:
    """The settings that all drawings of one call share. `size` is (width, height) in pixels.

    `strength`, 0 to 1, is how far a drawing may differ from its initial picture. `adapter` is the location of the
    style's adapter. With a `repeat`, drawings are tiles that continue in their neighbours.
    """

    size: tuple[int, int]
    steps: int
    guidance: float
    strength: float | None = None
    adapter: str | None = None
    repeat: Repeat | None = None


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

    def __init__(
        self, pipeline: Any, model: Model, adapters: AdapterCache, subject_check: SubjectCheck | None = None
    ) -> None:
        """`subject_check` checks drawings of prompts, if the model lists its subjects."""
        self.model = model
        self.subject_check = subject_check
        self._family = find_family(model.family)
        self._family.check_entry(model, pipeline)
        self._loaded = pipeline
        self._pipelines = {type(pipeline): pipeline}
        self._adapters = adapters

    def release(self) -> None:
        """Drop the networks, so that their memory is freed. Nothing can be drawn afterwards."""
        del self._loaded, self._adapters
        self._pipelines.clear()

    @property
    def folder(self) -> Path:
        """The folder from which the model was loaded."""
        return Path(self._loaded.name_or_path)

    @property
    def denoiser(self) -> Any:
        """The network of the denoising steps."""
        return getattr(self._loaded, self._family.denoiser)

    def draw(self, sketches: Sequence[Sketch], settings: DrawingSettings, on_step: OnStep) -> list[Pixels | None]:
        """Return pixels (height, width, 3) for each sketch, or None if its numbers left their range.

        Calls `on_step` with the completed share, 0 to 1. Raises ModelUnavailable, or InvalidInput for a text with too
        many tokens.
        """
        calls = list(split_chunks(sketches, self.model.wave_size))
        draw = partial(self._call_for_tiles, settings.repeat) if settings.repeat else self._call
        drawn: list[Pixels | None] = []
        for number, call in enumerate(calls):
            done, share = number / len(calls), 1 / len(calls)
            drawn += draw(
                call,
                settings,
                lambda part, done=done, share=share: on_step(done + part * share),  # type: ignore[misc]
            )
        return drawn

    def check_drawings(self) -> None:
        """Draw once with each of the model's capabilities. Raises ModelUnavailable if a drawing fails, has another size
        or has numbers that are not finite.
        """
        width, height = sides(self.model.default_size)
        grey = np.full((height, width, 3), 128, np.uint8)
        starts: dict[Capability, dict[str, Any]] = {
            "draw": {},
            "redraw": {"start": grey},
            "repaint": {"start": grey, "unknown": np.ones((height, width), np.uint8)},
            "seamless": {} if "draw" in self.model.capabilities else {"start": grey},
        }
        for capability, start in starts.items():
            if capability not in self.model.capabilities:
                continue
            settings = DrawingSettings(
                size=(width, height),
                steps=self.model.min_steps,
                guidance=self.model.guidance.default,
                strength=1.0 if start else None,
                repeat="half-drop" if capability == "seamless" else None,
            )
            sketch = Sketch(prompt="a circle", negative_prompt="", seed=0, **start)
            try:
                [pixels] = self.draw([sketch], settings, lambda _share: None)
            except (TypeError, ValueError, RuntimeError, AttributeError, KeyError) as error:
                raise ModelUnavailable(f"{self.model.name} cannot {SENTENCES[capability]}: {error!r}") from error
            if pixels is None:
                raise ModelUnavailable(
                    f"{self.model.name} cannot {SENTENCES[capability]}: its numbers are not finite in"
                    f" {self.denoiser.dtype}"
                )

    def _call_for_tiles(
        self, repeat: Repeat, sketches: Sequence[Sketch], settings: DrawingSettings, on_step: OnStep
    ) -> list[Pixels | None]:
        """Call the pipeline in the family's way to draw seamless tiles."""
        vae = self._loaded.vae
        if self._family.seamless == "circular padding":
            with pad_circularly([self.denoiser, vae.encoder, vae.decoder], repeat):
                return self._call(sketches, settings, on_step)
        canvas = Canvas.around(settings.size, repeat, self.model.tile_margins, self._family.size_step)
        wider = [
            replace(sketch, start=None if sketch.start is None else canvas.surround(sketch.start))
            for sketch in sketches
        ]
        with wrap_margins(self.denoiser, vae, canvas):
            return self._call(wider, replace(settings, size=canvas.size), on_step, size=settings.size)

    def _call(
        self,
        sketches: Sequence[Sketch],
        settings: DrawingSettings,
        on_step: OnStep,
        *,
        size: tuple[int, int] | None = None,
    ) -> list[Pixels | None]:
        """Call the pipeline once. `size` is that of the drawings, if it is not the size of the settings."""
        adapter = self._adapters.use(settings.adapter)
        prompts = [adapter.prompt(sketch.prompt) if adapter else sketch.prompt for sketch in sketches]
        self._check_length(prompts)
        self._check_length([sketch.negative_prompt for sketch in sketches])
        padding = self.model.wave_size - len(sketches)
        filled = [*sketches, *[sketches[-1]] * padding]
        pipeline = self._pipeline_for(choose_capability(filled[0]))
        arguments = Arguments(self.model, self._family, type(pipeline)).for_call(
            [*prompts, *[prompts[-1]] * padding], filled, settings, on_step
        )
        with decode_in_tiles(self._loaded.vae) if self._is_large(settings) else nullcontext():
            tensors: Tensor = pipeline(**arguments).images
        width, height = size or settings.size
        if tensors.shape[-2:] != (height, width):
            drawn = "x".join(map(str, reversed(tensors.shape[-2:])))
            raise ModelUnavailable(f"{self.model.name} drew {drawn} pixels instead of {width}x{height}")
        # One transfer from the GPU: a transfer for each picture would wait for each.
        return [to_pixels(tensor) for tensor in tensors[: len(sketches)].cpu()]

    def _is_large(self, settings: DrawingSettings) -> bool:
        """Return whether a drawing is decoded in tiles. A seamless tile continues at its own borders, so it is not."""
        width, height = settings.size
        limit = self.model.acceleration.tile_above
        return limit is not None and width * height > limit and settings.repeat is None

    def _check_length(self, texts: Sequence[str]) -> None:
        """Raise InvalidInput for a text that the pipeline would truncate silently.

        Submission rejects such a text by the catalogue. The model's own tokenizer decides here.
        """
        tokenizer = getattr(self._loaded, self._family.tokenizer)
        for text in texts:
            count = len(tokenizer(text, truncation=False, add_special_tokens=False, verbose=False).input_ids)
            if count > self.model.max_prompt_tokens:
                raise InvalidInput(
                    f"the prompt has {count} tokens, preset and style included, and {self.model.name}"
                    f" reads {self.model.max_prompt_tokens}; use fewer words",
                    field="prompt",
                )

    def _pipeline_for(self, capability: Capability) -> Any:
        """Return the pipeline of a capability, around the same components and in the same precision."""
        kind = self._family.pipeline_class(capability)
        if kind not in self._pipelines:
            pipeline = kind.from_pipe(self._loaded, dtype=self.denoiser.dtype)
            pipeline.set_progress_bar_config(disable=True)
            self._pipelines[kind] = pipeline
        return self._pipelines[kind]


def choose_capability(sketch: Sketch) -> Capability:
    """Return the capability that a sketch needs."""
    if sketch.start is None:
        return "draw"
    return "redraw" if sketch.unknown is None else "repaint"


@dataclass(frozen=True)
class Arguments:
    """The arguments of calls of one pipeline class."""

    model: Model
    family: Family
    pipeline_class: Any

    def for_call(
        self, prompts: Sequence[str], sketches: Sequence[Sketch], settings: DrawingSettings, on_step: OnStep
    ) -> dict[str, Any]:
        """Return the arguments of a call. Raises ModelUnavailable if the pipeline would ignore one."""
        guidance = self.model.guidance
        arguments: dict[str, Any] = {
            "prompt": list(prompts),
            "num_inference_steps": settings.steps,
            self.family.guidance: settings.guidance,
            # The noise is from the CPU, so that a seed gives the same noise on every device.
            "generator": [torch.Generator("cpu").manual_seed(sketch.seed) for sketch in sketches],
            "output_type": "pt",
            **self._callback(settings.steps, on_step),
            **self._pictures(sketches, settings),
            **self.family.arguments,
            **self.family.arguments_for_steps(settings.steps),
        }
        if self.model.negative_prompts:
            arguments["negative_prompt"] = [sketch.negative_prompt for sketch in sketches]
        if guidance.rescale and self._takes("guidance_rescale"):  # pipelines that start from a picture lack it
            arguments["guidance_rescale"] = guidance.rescale
        if ignored := set(arguments) - parameters_of(self.pipeline_class):
            raise ModelUnavailable(
                f"the catalogue entry of {self.model.name} is wrong: {self.pipeline_class.__name__} has no"
                f" {', '.join(sorted(ignored))}"
            )
        return arguments

    def _pictures(self, sketches: Sequence[Sketch], settings: DrawingSettings) -> dict[str, Any]:
        """Return the arguments for sizes, initial pictures and masks."""
        width, height = settings.size
        # Pipelines without these arguments draw in the size of the initial picture.
        sides = {"width": width, "height": height} if self._takes("width") else {}
        if settings.strength is None:
            return sides
        starts = torch.stack([to_tensor(sketch.start) for sketch in sketches if sketch.start is not None])
        pictures = {"image": starts, "strength": settings.strength, **sides}
        if self._takes("mask_image"):
            whole = np.ones((height, width), np.uint8)
            unknown = [whole if sketch.unknown is None else sketch.unknown for sketch in sketches]
            pictures["mask_image"] = torch.stack([torch.from_numpy(mask).float()[None] for mask in unknown])
        return pictures

    def _callback(self, steps: int, on_step: OnStep) -> dict[str, Any]:
        def after_step(ran: Any, step: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            on_step((step + 1) / ran.num_timesteps)
            return values

        if self._takes("callback_on_step_end"):
            return {"callback_on_step_end": after_step}
        return {"callback": lambda step, _timestep, _latents: on_step((step + 1) / steps), "callback_steps": 1}

    def _takes(self, argument: str) -> bool:
        return argument in parameters_of(self.pipeline_class)


def to_tensor(pixels: Pixels) -> Tensor:
    """Convert bytes (height, width, 3) to a tensor (3, height, width), 0 to 1."""
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def to_pixels(tensor: Tensor) -> Pixels | None:
    """Convert a tensor (3, height, width), 0 to 1, to bytes (height, width, 3). None if a number is not finite."""
    return to_bytes(tensor) if torch.isfinite(tensor).all() else None
