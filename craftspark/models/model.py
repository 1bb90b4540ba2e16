"""A model: what it draws, within which limits, and what its work takes."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from craftspark.errors import InvalidInput, ModelUnavailable
from craftspark.models.acceleration import NO_ACCELERATION, Acceleration
from craftspark.models.capabilities import SENTENCES, Capability, Guidance, Need
from craftspark.models.licences import LICENCES, LicenceName
from craftspark.models.networks import BUILT_IN_NETWORKS, NETWORKS, Network, ToolNetworks, find_network
from craftspark.models.profiles import find_profile, find_record
from craftspark.models.work import Profile

DType = Literal["float16", "bfloat16"]
# The device of the prices where the CPU renders: a laptop shows the prices of a stage with GPUs.
PRICE_DEVICE = "A10G"


@dataclass(frozen=True, kw_only=True)
class Style:
    """A look of a model. `title` and `summary` are texts for makers.

    `source` is where the worker finds the adapter: `built-in:<folder>` or `s3:<prefix>`, as for a model. `licence` is
    that of the weights, and `trained_on` names the pictures. `credit` is whom to credit for the pictures it draws.
    `word`, if the adapter has one, is put before each prompt.
    """

    name: str
    title: str
    summary: str
    source: str
    licence: LicenceName
    trained_on: str = ""
    credit: str = ""
    word: str | None = None

    @property
    def licence_text(self) -> str:
        """The title of the licence, with the pictures, for makers."""
        title = LICENCES[self.licence].title
        return f"{title}; trained on {self.trained_on}" if self.trained_on else title


@dataclass(frozen=True, kw_only=True)
class Model:
    """A catalogue entry.

    `source` is where the worker finds the weights: `built-in:<folder>` next to the code, or `s3:<prefix>` in the models
    bucket. `licence` is that of the weights, and `trained_on` names the pictures that this project trained them on.
    `credit` is whom makers credit if they publish a picture.
    `family` is the architecture, a name of `gpu_tasks.inference.families`, and `dtype` is the type of its
    numbers on a GPU; on a CPU all models have float32. It needs `gpu_memory_gib` with everything loaded and one image.
    `negative_prompts` is false if the model ignores them.

    `tokenizer` names the merges in `craftspark.models.tokens` that count the tokens of prompts; None counts bytes, of
    which a token has at least one. `max_prompt_tokens` is the limit of its text encoder. `follows_presets` is true if
    words for a look, such as "watercolour", change its images. `draws_scenes` is false if it draws only single objects
    on a white ground. `tile_margins` is for seamless tiles of transformers:
    the width of the margins around a tile, as a share of the tile's side.

    `device` is `cpu` or the name of a GPU; `on` gives the model on another one. Its wave size and its profile are those
    of the device, and so is what makes it faster there. `networks` are those that tools use with it; `with_networks`
    gives the model with those of a stage. `wave` and `faster` replace the wave size and the acceleration, for
    measurements.
    """

    name: str
    source: str
    licence: LicenceName
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
    images_per_batch: int
    tokenizer: str | None
    max_prompt_tokens: int
    trained_on: str = ""
    credit: str = ""
    styles: tuple[Style, ...] = ()
    follows_presets: bool = False
    draws_scenes: bool = True
    tile_margins: float = 0.0
    device: str = "cpu"
    networks: ToolNetworks = BUILT_IN_NETWORKS
    wave: int | None = None
    faster: Acceleration | None = None

    def on(self, device: str) -> "Model":
        """The model as workers on this device use it."""
        return replace(self, device=device)

    def with_networks(self, networks: ToolNetworks) -> "Model":
        """The model with the networks that a stage's tools use with it."""
        return replace(self, networks=networks)

    @property
    def upscaler(self) -> Network:
        """The upscaler of the tools: the entry, if it is one, or the one that tools use with it. Raises
        ModelUnavailable.
        """
        return NETWORKS.get(self.name) or find_network(self.networks.enlarge, "enlarge")

    @cached_property
    def wave_size(self) -> int:
        """The number of images in every call of the pipeline: that of the device's record, or 1 without one.

        It never varies on a device, because the rounding of a kernel depends on the size of its input, and an image's
        bytes may not depend on other images.
        """
        if self.wave is not None:
            return self.wave
        record = find_record(self.device, self.name)
        return record.wave_size if record else 1

    @cached_property
    def acceleration(self) -> Acceleration:
        """What makes the model faster on the device, by the device's record."""
        if self.faster is not None:
            return self.faster
        record = find_record(self.device, self.name)
        return record.acceleration if record else NO_ACCELERATION

    @property
    def has_profile(self) -> bool:
        """Whether the time of its work on the device is known or estimated."""
        return find_profile(self.device, self.name, self.networks) is not None

    @cached_property
    def profile(self) -> Profile:
        """The seconds of its work on the device. Raises ModelUnavailable if they are not known."""
        profile = find_profile(self.device, self.name, self.networks)
        if profile is None:
            raise ModelUnavailable(f"{self.name} has no profile for the device {self.device}")
        return profile

    @property
    def drawing_s(self) -> float:
        """The seconds of one drawing on the device, with the default settings. Raises ModelUnavailable."""
        call_s = self.default_steps * self.profile.step_s + self.profile.call_s
        return call_s / self.wave_size

    @cached_property
    def priced(self) -> "Model":
        """The model on the device whose profile its prices follow."""
        return self.on(PRICE_DEVICE) if self.device == "cpu" else self

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
