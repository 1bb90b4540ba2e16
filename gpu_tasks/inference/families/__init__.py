"""Families: how the models of one architecture are called. Each module describes one, as `FAMILY`.

A family is found by its module: `find_family("flux2-klein")` reads `flux2_klein.py`. A new family is one module and
one entry of the catalogue.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from craftspark.errors import ModelUnavailable
from craftspark.models.capabilities import Capability
from craftspark.models.model import Model
from craftspark.tools.request import sides
from gpu_tasks.inference.learning import Learning

DRAWING: tuple[Capability, ...] = ("draw", "redraw", "repaint")  # the capabilities that a pipeline has
LATENT_PIXELS = 8  # side of a latent pixel of most autoencoders
# A pipeline's `max_sequence_length` includes the system prompt and the chat template that it puts around a prompt.
AROUND_PROMPT = 64
MAX_MARGIN = 0.5  # of a tile's side: wider margins would show a place more than twice

Denoiser = Literal["unet", "transformer"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """An architecture in Diffusers.

    `pipelines` has the class for each capability of DRAWING. `denoiser` is the network that makes
    the steps, `tokenizer` the tokenizer whose limit counts, `guidance` the argument for the guidance. `seamless` is the
    way to draw tiles that continue in their neighbours: see `gpu_tasks.inference.seamless`. `size_step` divides all
    sides of its pictures. `arguments` are the same in every call, `arguments_for_steps` depend on the number of steps.
    In some families, the prompts of a call change each other's drawings slightly: they are called with
    `one_image_per_call`. `learning` is how styles are trained, if the family's models can learn them.
    """

    pipelines: Mapping[Capability, str]
    denoiser: Denoiser
    tokenizer: str = "tokenizer"
    guidance: str = "guidance_scale"
    seamless: Literal["circular padding", "wrapped margins"] = "wrapped margins"
    size_step: int = 2 * LATENT_PIXELS
    arguments: Mapping[str, Any] = field(default_factory=dict)
    arguments_for_steps: Callable[[int], Mapping[str, Any]] = lambda _steps: {}
    one_image_per_call: bool = False
    learning: Learning | None = None

    def pipeline_class(self, capability: Capability) -> Any:
        """Return the pipeline class of a capability."""
        import diffusers  # slow, and not needed to list the families

        return getattr(diffusers, self.pipelines[capability])

    def list_components(self, pipeline: str) -> list[str]:
        """Return the components without which models with this pipeline class cannot draw."""
        import diffusers

        kind = getattr(diffusers, pipeline)
        parameters = inspect.signature(kind.__init__).parameters.values()
        needed = [each.name for each in parameters if each.default is each.empty and each.name != "self"]
        # Diffusers takes encoded prompts instead of an encoder, and workers do not.
        return [
            name
            for name in needed
            if name.startswith(("tokenizer", "text_encoder")) or name not in kind._optional_components
        ]

    def check_class(self, name: str) -> None:
        """Raise ModelUnavailable if model_index.json names a pipeline of another family."""
        if name not in self.pipelines.values():
            expected = ", ".join(sorted(set(self.pipelines.values())))
            raise ModelUnavailable(f"the model is a {name}, and its catalogue entry expects {expected}")

    def check_entry(self, model: Model, pipeline: Any) -> None:
        """Raise ModelUnavailable if the catalogue entry promises what the family or this pipeline cannot do."""
        for problem in self._find_problems(model, pipeline):
            raise ModelUnavailable(f"the catalogue entry of {model.name} is wrong: {problem}")

    def _find_problems(self, model: Model, pipeline: Any) -> Iterator[str]:
        for capability in DRAWING:
            if capability in model.capabilities and capability not in self.pipelines:
                yield f"the family {model.family} cannot {capability}"
        if "seamless" in model.capabilities:
            yield from self._find_margin_problems(model)
        if "learn" in model.capabilities and not self.learning:
            yield "its family cannot learn styles"
        for size in model.sizes:
            if any(side % self.size_step for side in sides(size)):
                yield f"the size {size} is not a multiple of {self.size_step}"
        if self.one_image_per_call and model.wave_size > 1:
            yield "its waves must have one image"
        if model.max_prompt_tokens > (limit := self._max_tokens(pipeline)):
            yield f"it reads {limit} tokens of a prompt, not {model.max_prompt_tokens}"

    def _find_margin_problems(self, model: Model) -> Iterator[str]:
        if self.seamless == "circular padding":
            if model.tile_margins:
                yield "a family with circular padding has no tile_margins"
            return
        if not 0 < model.tile_margins <= MAX_MARGIN:
            yield f"tile_margins of {model.tile_margins:g} are not above 0 and at most {MAX_MARGIN:g}"
            return
        for side in sides(model.default_size):
            if side * model.tile_margins % self.size_step:
                yield f"tile_margins of {model.tile_margins:g} of {side} pixels are not a multiple of {self.size_step}"
            if side % (2 * self.size_step):  # the shift of a half-drop
                yield f"half of a tile's {side} pixels is not a multiple of {self.size_step}"

    def _max_tokens(self, pipeline: Any) -> int:
        """Return the number of tokens of a prompt that the pipelines read."""
        tokenizer = getattr(pipeline, self.tokenizer)
        limits: list[int] = [tokenizer.model_max_length - tokenizer.num_special_tokens_to_add()]
        for capability in self.pipelines:
            call = inspect.signature(self.pipeline_class(capability).__call__)
            if length := call.parameters.get("max_sequence_length"):
                limits.append(length.default - AROUND_PROMPT)
        return min(limits)


def find_family(name: str) -> Family:
    """Return the family with this name. Raises ModelUnavailable."""
    module = f"{__name__}.{name.replace('-', '_')}"
    try:
        family: Family = importlib.import_module(module).FAMILY
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ModelUnavailable(f"there is no family {name}") from None
    return family


def list_families() -> dict[str, Family]:
    """Return all families by their names."""
    names = [module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)]
    return {name: find_family(name) for name in names}


def list_pipelines() -> list[str]:
    """Return the pipeline classes of all families."""
    return sorted({pipeline for family in list_families().values() for pipeline in family.pipelines.values()})


def family_of_pipeline(pipeline: str) -> str | None:
    """Return the name of the family that has this pipeline class, or None."""
    return next((name for name, family in list_families().items() if pipeline in family.pipelines.values()), None)


@cache
def parameters_of(pipeline_class: Any) -> frozenset[str]:
    """Return the names of a pipeline's parameters, without those that it would ignore as `**kwargs`."""
    parameters = inspect.signature(pipeline_class.__call__).parameters.values()
    return frozenset(each.name for each in parameters if each.kind is not each.VAR_KEYWORD)
