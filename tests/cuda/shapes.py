"""Pipelines with the shape of Stable Diffusion XL and random weights, built on the device. They draw noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from benchmarks.worker.random_weights import TOKENS, clip_tokenizer
from craftspark.models.catalogue import find_model
from craftspark.models.model import Model
from craftspark.tools.request import sides
from gpu_tasks.inference.adapters import AdapterCache
from gpu_tasks.inference.device import make_repeatable
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch

STEPS = 4


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes in which a pipeline may differ from Stable Diffusion XL."""

    side: int = 1024
    widths: tuple[int, ...] = (320, 640, 1280)
    head: int = 64
    layers: tuple[int, ...] = (1, 2, 10)
    decoder_widths: tuple[int, ...] = (128, 256, 512, 512)
    text_layers: tuple[int, int] = (12, 32)
    text_widths: tuple[int, int] = (768, 1280)


SDXL = Shape()  # 2.6 billion parameters in the UNet, 0.8 in the text encoders
HALF = Shape(layers=(1, 2, 4), text_layers=(4, 4))  # for tests that write it to a disk
TINY = Shape(
    side=64,
    widths=(32, 64, 64),
    head=32,
    layers=(1, 1, 1),
    decoder_widths=(32, 32, 32, 32),
    text_layers=(1, 1),
    text_widths=(64, 64),
)


def choose_shape(shape: Shape, device: str) -> Shape:
    """Return the shape for a GPU, or a tiny one for a CPU, which would take minutes for each picture."""
    return shape if device == "cuda" else TINY


def entry_of(shape: Shape, *, wave_size: int = 1) -> Model:
    """The catalogue entry of a pipeline."""
    size = f"{shape.side}x{shape.side}"
    return replace(find_model("sdxl-lightning"), sizes=(size,), default_size=size, wave=wave_size)


def build(shape: Shape, device: str, dtype: torch.dtype = torch.float16) -> Any:
    """Build a pipeline on the device. The same call gives the same weights. On a CPU it has single precision."""
    import diffusers
    import transformers

    make_repeatable()
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype if device == "cuda" else torch.float32)
    try:
        with torch.device(device):
            unet = diffusers.UNet2DConditionModel(
                sample_size=shape.side // 8,
                block_out_channels=shape.widths,
                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
                up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
                transformer_layers_per_block=shape.layers,
                attention_head_dim=tuple(width // shape.head for width in shape.widths),
                cross_attention_dim=sum(shape.text_widths),
                use_linear_projection=True,
                addition_embed_type="text_time",
                addition_time_embed_dim=256,
                projection_class_embeddings_input_dim=6 * 256 + shape.text_widths[1],
            )
            decoder = diffusers.AutoencoderKL(
                block_out_channels=shape.decoder_widths,
                down_block_types=("DownEncoderBlock2D",) * 4,
                up_block_types=("UpDecoderBlock2D",) * 4,
                layers_per_block=2,
                latent_channels=4,
                sample_size=shape.side,
                scaling_factor=0.13025,
            )
            encoders = [
                kind(text_config(shape.text_widths[place], shape.text_layers[place]))
                for place, kind in enumerate((transformers.CLIPTextModel, transformers.CLIPTextModelWithProjection))
            ]
    finally:
        torch.set_default_dtype(before)
    pipeline = diffusers.StableDiffusionXLPipeline(
        vae=decoder.eval(),
        unet=unet.eval(),
        text_encoder=encoders[0].eval(),
        text_encoder_2=encoders[1].eval(),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="trailing"
        ),
        add_watermarker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def text_config(width: int, layers: int) -> Any:
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        projection_dim=width,
        max_position_embeddings=TOKENS,
    )


def diffusion_of(pipeline: Any, shape: Shape, *, wave_size: int = 1, adapters: AdapterCache | None = None) -> Diffusion:
    """A diffusion without adapters, if none are given."""
    return Diffusion(
        pipeline, entry_of(shape, wave_size=wave_size), adapters or AdapterCache(pipeline.unet, "", locate=no_adapter)
    )


def no_adapter(location: str) -> Any:
    raise AssertionError(location)


def draw(diffusion: Diffusion, images: int = 1, adapter: str | None = None) -> list[bytes]:
    """The bytes of drawings in the entry's size, whose numbers are finite."""
    entry = diffusion.model
    sketches = [Sketch(prompt="sunflower", negative_prompt="", seed=seed) for seed in range(images)]
    settings = DrawingSettings(
        size=sides(entry.default_size), steps=STEPS, guidance=entry.guidance.default, adapter=adapter
    )
    drawn = []
    for pixels in diffusion.draw(sketches, settings, lambda _: None):
        assert pixels is not None, "numbers are not finite"
        drawn.append(pixels.tobytes())
    return drawn
