"""Tiny models with random weights, one of each architecture, as folders in the layout of a hub.

They show that code paths work; their pictures are noise. Each takes 0.1 to 3 MB and a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch

from gpu_tasks.inference.manifests import write_manifest
from tests.gpu.tiny_models.linear_models import pixart_sigma, sana
from tests.gpu.tiny_models.transformer_models import (
    chroma,
    flux,
    flux2_klein,
    lumina2,
    qwen_image,
    stable_diffusion_3,
    z_image,
)
from tests.gpu.tiny_models.unets import sdxl, stable_diffusion

NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}


def save(name: str, folder: Path) -> Path:
    """Build the model with this name and save it as a model folder."""
    torch.manual_seed(0)
    BUILDERS[name]().save_pretrained(folder, safe_serialization=True)
    write_manifest(folder)
    return folder


def _scheduler(kind: str, **options: Any) -> Any:
    return getattr(diffusers, kind)(**NOISE, **options)


def _offset(kind: str, **options: Any) -> Any:
    """A scheduler whose steps start at 1, as the models of Stable Diffusion expect."""
    return _scheduler(kind, steps_offset=1, **options)


BUILDERS: dict[str, Callable[[], Any]] = {
    "sd-1.5": lambda: stable_diffusion(_offset("PNDMScheduler", skip_prk_steps=True)),
    "sd-2.1-v": lambda: stable_diffusion(
        _offset("DDIMScheduler", prediction_type="v_prediction", clip_sample=False, set_alpha_to_one=False)
    ),
    "sd-1.5-lcm": lambda: stable_diffusion(
        _offset("LCMScheduler"), "LatentConsistencyModelPipeline", time_cond_proj_dim=32
    ),
    "sd-1.5-inpainting": lambda: stable_diffusion(
        _offset("PNDMScheduler", skip_prk_steps=True),
        "StableDiffusionInpaintPipeline",
        in_channels=9,
    ),
    "sdxl": lambda: sdxl(_scheduler("EulerDiscreteScheduler", timestep_spacing="leading")),
    "sdxl-turbo": lambda: sdxl(_scheduler("EulerAncestralDiscreteScheduler", timestep_spacing="trailing")),
    "sdxl-lightning": lambda: sdxl(_scheduler("EulerDiscreteScheduler", timestep_spacing="trailing")),
    "sdxl-tcd": lambda: sdxl(_scheduler("TCDScheduler", timestep_spacing="trailing")),
    "sdxl-lcm": lambda: sdxl(_offset("LCMScheduler")),
    "sdxl-inpainting": lambda: sdxl(
        _scheduler("EulerDiscreteScheduler"), "StableDiffusionXLInpaintPipeline", in_channels=9
    ),
    "sd-3": stable_diffusion_3,
    "flux-schnell": lambda: flux(guided=False),
    "flux-dev": lambda: flux(guided=True),
    "flux2-klein": flux2_klein,
    "chroma": chroma,
    "z-image": z_image,
    "qwen-image": qwen_image,
    "sana": lambda: sana("SanaPipeline", diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)),
    "sana-sprint": lambda: sana(
        "SanaSprintPipeline",
        diffusers.SCMScheduler(),
        guidance_embeds=True,
        qk_norm="rms_norm_across_heads",
        timestep_scale=1000.0,
    ),
    "pixart-sigma": pixart_sigma,
    "lumina2": lumina2,
}
