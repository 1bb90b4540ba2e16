"""The models that a stage can serve."""

from collections.abc import Iterable

from craftspark.errors import ModelUnavailable
from craftspark.models.capabilities import Capability, Guidance
from craftspark.models.model import Model, Style
from craftspark.models.networks import NETWORKS
from craftspark.models.upscalers import find_upscaler

ALL = frozenset[Capability]({"draw", "redraw", "repaint", "seamless", "learn"})
TILE_MARGINS = 1 / 8  # measured in docs/decisions/0034-wrapped-margins.md
GUIDED = Guidance(default=7.5, minimum=1, maximum=20)
# Both sides of each are multiples of 64, and each has about a megapixel.
SIZES_1024 = ("1024x1024", "832x1216", "1216x832", "768x1344", "1344x768")

CATALOGUE = {
    model.name: model
    for model in (
        Model(
            name="craftspark-clipart-128",
            source="built-in:craftspark-clipart-128",
            licence="apache-2.0",
            trained_on="Twemoji, CC-BY-4.0, Noto Emoji, Apache-2.0, and Fluent Emoji, MIT",
            credit="Twemoji by Twitter, Inc and other contributors (CC-BY-4.0), Noto Emoji by Google (Apache-2.0) and "
            "Fluent Emoji by Microsoft (MIT)",
            family="stable-diffusion",
            capabilities=ALL,
            dtype="float16",
            gpu_memory_gib=1,
            sizes=("128x128",),
            default_size="128x128",
            min_steps=1,
            max_steps=50,
            default_steps=8,
            guidance=Guidance(default=4.0, minimum=1, maximum=20, rescale=0.5),
            negative_prompts=True,
            images_per_batch=4,
            tokenizer="craftspark-clipart-128",
            max_prompt_tokens=30,
            draws_scenes=False,
            styles=(
                Style(
                    name="bold-flat",
                    title="Bold flat",
                    summary="Plain shapes in bold, flat colours.",
                    source="built-in:craftspark-clipart-128-styles/bold-flat",
                    licence="mit",
                    trained_on="Fluent Emoji pictures",
                ),
            ),
        ),
        Model(
            name="stable-diffusion-v1-5",
            source="s3:stable-diffusion-v1-5",
            licence="creativeml-openrail-m",
            family="stable-diffusion",
            capabilities=ALL,
            dtype="float16",
            gpu_memory_gib=4,
            sizes=("512x512", "512x768", "768x512"),
            default_size="512x512",
            min_steps=1,
            max_steps=50,
            default_steps=25,
            guidance=GUIDED,
            negative_prompts=True,
            images_per_batch=4,
            tokenizer="clip",
            max_prompt_tokens=75,
            follows_presets=True,
        ),
        Model(
            name="sdxl-lightning",
            source="s3:sdxl-lightning",
            licence="openrail++",
            family="stable-diffusion-xl",
            capabilities=ALL,
            dtype="float16",
            gpu_memory_gib=11,
            sizes=SIZES_1024,
            default_size="1024x1024",
            min_steps=4,
            max_steps=8,
            default_steps=8,
            guidance=Guidance.fixed(1),
            negative_prompts=False,
            images_per_batch=4,
            tokenizer="clip",
            max_prompt_tokens=75,
            follows_presets=True,
        ),
        Model(
            name="sdxl-inpainting",
            source="s3:sdxl-inpainting",
            licence="openrail++",
            family="stable-diffusion-xl",
            capabilities=frozenset({"repaint"}),
            dtype="float16",
            gpu_memory_gib=11,
            sizes=SIZES_1024,
            default_size="1024x1024",
            min_steps=10,
            max_steps=50,
            default_steps=25,
            guidance=GUIDED,
            negative_prompts=True,
            images_per_batch=2,
            tokenizer="clip",
            max_prompt_tokens=75,
            follows_presets=True,
        ),
        Model(
            name="pattern-diffusion",
            source="s3:pattern-diffusion",
            licence="apache-2.0",
            family="stable-diffusion",
            capabilities=frozenset({"draw", "redraw", "seamless", "learn"}),
            dtype="float16",
            gpu_memory_gib=5,
            sizes=("1024x1024",),
            default_size="1024x1024",
            min_steps=10,
            max_steps=50,
            default_steps=25,
            guidance=GUIDED,
            negative_prompts=True,
            images_per_batch=4,
            tokenizer="clip",
            max_prompt_tokens=75,
            follows_presets=True,
        ),
        Model(
            name="flux2-klein-4b",
            source="s3:flux2-klein-4b",
            licence="apache-2.0",
            family="flux2-klein",
            capabilities=ALL,
            dtype="bfloat16",
            gpu_memory_gib=16,
            sizes=SIZES_1024,
            default_size="1024x1024",
            min_steps=4,
            max_steps=8,
            default_steps=4,
            guidance=Guidance.fixed(1),
            negative_prompts=False,
            images_per_batch=4,
            tokenizer=None,
            max_prompt_tokens=440,
            follows_presets=True,
            tile_margins=TILE_MARGINS,
        ),
        Model(
            name="z-image-turbo",
            source="s3:z-image-turbo",
            licence="apache-2.0",
            family="z-image",
            capabilities=ALL,
            dtype="bfloat16",
            gpu_memory_gib=21,
            sizes=SIZES_1024,
            default_size="1024x1024",
            min_steps=4,
            max_steps=16,
            default_steps=8,
            guidance=Guidance.fixed(0),
            negative_prompts=False,
            images_per_batch=4,
            tokenizer=None,
            max_prompt_tokens=440,
            follows_presets=True,
            tile_margins=TILE_MARGINS,
        ),
    )
}


def find_models(names: Iterable[str]) -> list[Model]:
    """The diffusion models among these catalogue entries. Raises ModelUnavailable for a name that is no entry."""
    return [find_model(name) for name in dict.fromkeys(names) if name not in NETWORKS]


def find_model(name: str) -> Model:
    """The catalogue entry of a model, or that of an upscaler as a model. Raises ModelUnavailable if there is none."""
    if model := CATALOGUE.get(name) or find_upscaler(name):
        return model
    raise ModelUnavailable(f"there is no model {name}; the catalogue has {', '.join(CATALOGUE)}")
