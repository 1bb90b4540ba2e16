"""A tiny autoencoder of the kind that most models have."""

from __future__ import annotations

from typing import Any

import diffusers

FLUX_LATENTS = {"use_quant_conv": False, "use_post_quant_conv": False, "shift_factor": 0.1159, "scaling_factor": 0.3611}


def autoencoder(channels: int, **options: Any) -> Any:
    return diffusers.AutoencoderKL(
        block_out_channels=(8,) * 4,
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        latent_channels=channels,
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=64,
        **options,
    )
