"""Sana (arXiv:2410.10629). It draws from prompts only."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import Family
from gpu_tasks.inference.learning import Learning, Noisy

if TYPE_CHECKING:
    from torch import Tensor


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    instruction = inspect.signature(pipeline.__call__).parameters["complex_human_instruction"].default
    states, mask, *_ = pipeline.encode_prompt(
        prompts, do_classifier_free_guidance=False, complex_human_instruction=instruction
    )
    return {"states": states, "mask": mask}


def _encode_pictures(pipeline: Any, pictures: Tensor) -> Tensor:
    latents: Tensor = pipeline.vae.encode(pictures).latent * pipeline.vae.config.scaling_factor
    return latents


def _predict(_pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    predicted: Tensor = network(
        noisy.latents,
        encoder_hidden_states=noisy.conditions["states"],
        encoder_attention_mask=noisy.conditions["mask"],
        timestep=noisy.times * network.config.timestep_scale,
    ).sample
    return predicted


FAMILY = Family(
    pipelines={"draw": "SanaPipeline"},
    denoiser="transformer",
    size_step=32,
    # Binning would draw another size and crop it.
    arguments={"use_resolution_binning": False, "clean_caption": False},
    learning=Learning(encode_prompts=_encode_prompts, encode_pictures=_encode_pictures, predict=_predict),
)
