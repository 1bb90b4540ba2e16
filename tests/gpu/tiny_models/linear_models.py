"""Tiny models with another autoencoder or another scheduler than most transformers: Sana and PixArt."""

from __future__ import annotations

from typing import Any

import diffusers

from tests.gpu.tiny_models.autoencoders import autoencoder
from tests.gpu.tiny_models.text_encoders import gemma, t5


def sana(kind: str, scheduler: Any, **options: Any) -> Any:
    transformer = diffusers.SanaTransformer2DModel(
        in_channels=32,
        out_channels=32,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        num_cross_attention_heads=2,
        cross_attention_head_dim=8,
        cross_attention_dim=16,
        caption_channels=16,
        sample_size=2,
        patch_size=1,
        **options,
    )
    blocks = ("ResBlock",) * 5 + ("EfficientViTBlock",)
    channels, scales, layers = (8,) * 5 + (32,), ((),) * 5 + ((5,),), (1,) * 6
    vae = diffusers.AutoencoderDC(
        latent_channels=32,
        attention_head_dim=8,
        encoder_block_types=blocks,
        decoder_block_types=blocks,
        encoder_block_out_channels=channels,
        decoder_block_out_channels=channels,
        encoder_qkv_multiscales=scales,
        decoder_qkv_multiscales=scales,
        encoder_layers_per_block=layers,
        decoder_layers_per_block=layers,
        downsample_block_type="conv",
        upsample_block_type="interpolate",
        decoder_norm_types="rms_norm",
        decoder_act_fns="silu",
        scaling_factor=0.41407,
        encoder_out_shortcut=True,
        decoder_in_shortcut=True,
    )
    return getattr(diffusers, kind)(transformer=transformer, vae=vae, scheduler=scheduler, **gemma(1))


def pixart_sigma() -> Any:
    transformer = diffusers.PixArtTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=8,
        in_channels=4,
        out_channels=8,
        num_layers=1,
        cross_attention_dim=16,
        caption_channels=32,
        sample_size=8,
        patch_size=2,
        use_additional_conditions=False,
        norm_type="ada_norm_single",
    )
    scheduler = diffusers.DPMSolverMultistepScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="linear")
    return diffusers.PixArtSigmaPipeline(transformer=transformer, vae=autoencoder(4), scheduler=scheduler, **t5())
