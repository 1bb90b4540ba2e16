"""A model: what it draws, within which limits, and what its work takes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from craftspark.errors import InvalidInput
from craftspark.models.capabilities import SENTENCES, Capability, Guidance, Need
from craftspark.models.work import Profile

DType = Literal["float16", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class Style:
    """A look of a model. `title` and `summary` are texts for makers.

    `source` is where the worker finds the adapter: `built-in:<folder>` or `s3:<prefix>`, as for a model. `word`, if the
    adapter has one, is put before every prompt.
    """

    name: str
    title: str
    summary: str
    source: str
    licence: str
    word: str | None = None


@dataclass(frozen=True, kw_only=True)
class Model:
    """A catalogue entry.

    `source` is where the worker finds the weights: `built-in:<folder>` next to the code, or `s3:<prefix>` in the models
    bucket. `family` is the architecture, a name of `gpu_tasks.inference.families`, and `dtype` is the type of its
    numbers on a GPU; on a CPU all models have float32. It needs `gpu_memory_gib` with everything loaded and one image.
    `negative_prompts` is false if the model ignores them.

    `wave_size` is the number of images in every call of the pipeline. It never varies, because the rounding of
    a kernel depends on the size of its input, and an image's bytes may not depend on other images. `on` gives the value
    for a device.

    `profiles` are by device, `cuda` and `cpu`: the time of its work there, which estimates use. `tokenizer` names the
    merges in `craftspark.models.tokens` that count the tokens of prompts; None counts bytes, of which a token has at
    least one. `max_prompt_tokens` is the limit of its text encoder. `follows_presets` is true if words for a
    look, such as "watercolour", change its images.
    """

    name: str
    source: str
    licence: str
    family: str
    capabilities: frozenset[Capability]
    dtype: DType
    gpu_memory_gib: float
    sizes: tuple[str, ...]
    default_size: str
    min_steps: int
    max_steps: int
    default_steps: int
    guidance: Guidance
    negative_prompts: bool
    wave_size: int
    profiles: Mapping[str, Profile]
    steps_per_credit: int
    images_per_batch: int
    tokenizer: str | None
    max_prompt_tokens: int
    styles: tuple[Style, ...] = ()
    follows_presets: bool = False

    def on(self, device: str) -> "Model":
        """The model as workers on a device use it. On a GPU, each image has its own call.

        GPU libraries may divide the work of a call so that its first images are rounded differently from its last. On a
        CPU an image has the same numbers at every position of a call.
        """
        return replace(self, wave_size=1) if device == "cuda" else self

    def has_style(self, name: str) -> bool:
        return any(style.name == name for style in self.styles)

    def style(self, name: str) -> Style:
        """The style with this name. Raises InvalidInput if the model does not have it."""
        for style in self.styles:
            if style.name == name:
                return style
        offered = ", ".join(style.name for style in self.styles) or "no styles"
        raise InvalidInput(f"{self.name} does not have this style; it has {offered}", field="style")

    def check_need(self, need: Need) -> None:
        """Raise InvalidInput if the model lacks a capability that a request needs."""
        if need.capability not in self.capabilities:
            raise InvalidInput(f"{self.name} cannot {SENTENCES[need.capability]}; {need.fix}", field=need.field)

    def check_guidance(self, guidance: float) -> None:
        """Raise InvalidInput if the model does not support this guidance."""
        limits = self.guidance
        if limits.minimum <= guidance <= limits.maximum:
            return
        if not limits.adjustable:
            raise InvalidInput(f"the guidance of {self.name} cannot be changed; remove guidance", field="guidance")
        raise InvalidInput(
            f"{self.name} supports a guidance of {limits.minimum:g} to {limits.maximum:g}, not {guidance:g}",
            field="guidance",
        )

    def check_negative_prompt(self) -> None:
        """Raise InvalidInput if the model ignores negative prompts."""
        if not self.negative_prompts:
            raise InvalidInput(f"{self.name} ignores negative prompts; remove negative_prompt", field="negative_prompt")

    def check_size(self, size: str) -> None:
        """Raise InvalidInput if the model does not support this size."""
        if size not in self.sizes:
            raise InvalidInput(
                f"{self.name} does not support the size {size}; the sizes are {', '.join(self.sizes)}", field="size"
            )

    def check_steps(self, steps: int) -> None:
        """Raise InvalidInput if the model does not support this number of steps."""
        if not self.min_steps <= steps <= self.max_steps:
            raise InvalidInput(
                f"{self.name} supports {self.min_steps} to {self.max_steps} steps, not {steps}", field="steps"
            )

    def tokens_over(self, text: str) -> int | None:
        """The number of tokens of a text that exceeds the model's limit, or None if it fits."""
        # A token has at least one byte, and spaces are not tokens. Most submissions are short enough to skip the
        # merges.
        if text.isascii() and len(text) - text.count(" ") <= self.max_prompt_tokens:
            return None
        if self.tokenizer is None:
            import unicodedata

            # Some tokenizers normalize a text before they split it, which can make it longer.
            count = max(len(form.encode()) for form in (text, unicodedata.normalize("NFKC", text)))
        else:
            from craftspark.models.tokens import tokenizer

            count = tokenizer(self.tokenizer).count(text)
        return count if count > self.max_prompt_tokens else None

    def check_preset(self) -> None:
        """Raise InvalidInput if the model ignores words for a look."""
        if not self.follows_presets:
            styles = ", ".join(style.name for style in self.styles)
            instead = f"; remove preset or choose a style: {styles}" if styles else "; remove preset"
            raise InvalidInput(f"{self.name} does not support presets{instead}", field="preset")
