"""The models that a stage can serve, and the abilities of each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from craftspark.errors import InvalidInput, ModelUnavailable
from craftspark.models.work import Profile


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
    bucket. `wave_size` is the number of images in every call of the pipeline. It never varies, because the rounding of
    a kernel depends on the size of its input, and an image's bytes may not depend on other images. `on` gives the value
    for a device.

    `profiles` are by device, `cuda` and `cpu`: the time of its work there, which estimates use. `tokenizer` names the
    merges in `craftspark.models.tokens` that count the tokens of prompts, and `max_prompt_tokens` is the limit of its
    text encoder. `follows_presets` is true if words for a look, such as "watercolour", change its images.
    """

    name: str
    source: str
    licence: str
    sizes: tuple[str, ...]
    default_size: str
    min_steps: int
    max_steps: int
    default_steps: int
    default_guidance: float
    guidance_rescale: float
    wave_size: int
    profiles: Mapping[str, Profile]
    steps_per_credit: int
    images_per_batch: int
    tokenizer: str
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
        from craftspark.models.tokens import tokenizer

        count = tokenizer(self.tokenizer).count(text)
        return count if count > self.max_prompt_tokens else None

    def check_preset(self) -> None:
        """Raise InvalidInput if the model ignores words for a look."""
        if not self.follows_presets:
            styles = ", ".join(style.name for style in self.styles)
            instead = f"; remove preset or choose a style: {styles}" if styles else "; remove preset"
            raise InvalidInput(f"{self.name} does not support presets{instead}", field="preset")


# Fitted to waves of all tools, measured on one thread of a laptop's CPU.
CPU = Profile(
    step_s=0.07,
    call_s=0.12,
    enlarge_s=6.0,
    cut_s=0.04,
    paint_s=0.14,
    image_s=0.02,
    trace_s=0.14,
    write_s=0.09,
)
# A step at 512 pixels with 860 million parameters, compared with one at 128 with 15 million.
CPU_512 = replace(CPU, step_s=30.0, call_s=20.0)
# Measured on an NVIDIA H100 80GB by `python -m benchmarks.profiles --device cuda`; the host's CPU cuts and writes. At
# 128 pixels the GPU is busy for a tenth of a step and waits for Python otherwise, so a smaller GPU takes about as long.
GPU_128 = replace(CPU, step_s=0.0096, call_s=0.018, enlarge_s=0.08, cut_s=0.14, trace_s=0.18, write_s=0.036)
# At 512 pixels the same H100 takes 0.025 and 0.05 s, and is busy for 0.008 and 0.0125 s per image. The GPUs of a stage
# have about an eighth of its arithmetic, so these values are eight times the busy time.
GPU_512 = replace(GPU_128, step_s=0.064, call_s=0.1)

CATALOGUE = {
    model.name: model
    for model in (
        Model(
            name="craftspark-clipart-128",
            source="built-in:craftspark-clipart-128",
            licence="Apache-2.0 code; trained on Twemoji pictures, CC-BY-4.0",
            sizes=("128x128",),
            default_size="128x128",
            min_steps=1,
            max_steps=50,
            default_steps=8,
            default_guidance=4.0,
            guidance_rescale=0.5,
            wave_size=4,
            profiles={"cpu": CPU, "cuda": GPU_128},
            steps_per_credit=25,
            images_per_batch=4,
            tokenizer="craftspark-clipart-128",
            max_prompt_tokens=30,
            styles=(
                Style(
                    name="bold-flat",
                    title="Bold flat",
                    summary="Plain shapes in bold, flat colours.",
                    source="built-in:craftspark-clipart-128-styles/bold-flat",
                    licence="MIT; trained on Fluent Emoji pictures",
                ),
            ),
        ),
        Model(
            name="stable-diffusion-v1-5",
            source="s3:stable-diffusion-v1-5",
            licence="CreativeML Open RAIL-M",
            sizes=("512x512", "512x768", "768x512"),
            default_size="512x512",
            min_steps=1,
            max_steps=50,
            default_steps=25,
            default_guidance=7.5,
            guidance_rescale=0.0,
            wave_size=4,
            profiles={"cpu": CPU_512, "cuda": GPU_512},
            steps_per_credit=25,
            images_per_batch=4,
            tokenizer="clip",
            max_prompt_tokens=75,
            follows_presets=True,
        ),
    )
}


def find_model(name: str) -> Model:
    """The catalogue entry. Raises ModelUnavailable if there is none."""
    try:
        return CATALOGUE[name]
    except KeyError:
        raise ModelUnavailable(f"there is no model {name}; the catalogue has {', '.join(CATALOGUE)}") from None
