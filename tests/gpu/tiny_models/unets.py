"""Tiny models whose denoising network is a UNet."""

from __future__ import annotations

from typing import Any

import diffusers
import transformers

from tests.gpu.tiny_models.autoencoders import autoencoder
from tests.gpu.tiny_models.text_encoders import clip


def unet(**options: Any) -> Any:
    settings = {"in_channels": 4, "cross_attention_dim": 32} | options
    return diffusers.UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=8,
        out_channels=4,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        **settings,
    )


def stable_diffusion(scheduler: Any, kind: str = "StableDiffusionPipeline", **options: Any) -> Any:
    return getattr(diffusers, kind)(
        vae=autoencoder(4),
        unet=unet(**options),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
        **clip(),
    )


def sdxl(scheduler: Any, kind: str = "StableDiffusionXLPipeline", **options: Any) -> Any:
    network = unet(
        cross_attention_dim=64,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 32,
        transformer_layers_per_block=(1, 2),
        use_linear_projection=True,
        **options,
    )
    return getattr(diffusers, kind)(
        vae=autoencoder(4),
        unet=network,
        scheduler=scheduler,
        add_watermarker=False,
        **clip(),
        **clip("_2", kind=transformers.CLIPTextModelWithProjection),
    )
