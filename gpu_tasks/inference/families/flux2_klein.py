"""FLUX.2 klein of Black Forest Labs.

The image argument of Flux2KleinPipeline is a reference for edits without a strength. Inpainting has a strength, so it
also redraws whole pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import Family
from gpu_tasks.inference.learning import ATTENTION, Learning, Noisy, grid_of

if TYPE_CHECKING:
    from torch import Tensor


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    states, _ = pipeline.encode_prompt(prompts)
    return {"states": states}


def _encode_pictures(pipeline: Any, pictures: Tensor) -> Tensor:
    latents: Tensor = pipeline._pack_latents(pipeline._encode_vae_image(pictures, None))
    return latents


def _predict(pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    states, grid = noisy.conditions["states"], grid_of(pipeline, noisy.side)
    places = noisy.latents.new_empty(len(noisy.latents), 1, grid, grid)
    predicted: Tensor = network(
        hidden_states=noisy.latents,
        timestep=noisy.times / 1000,
        guidance=None,
        encoder_hidden_states=states,
        txt_ids=pipeline._prepare_text_ids(states).to(states.device),
        img_ids=pipeline._prepare_latent_ids(places).to(states.device),
    ).sample
    return predicted


FAMILY = Family(
    pipelines={
        "draw": "Flux2KleinPipeline",
        "redraw": "Flux2KleinInpaintPipeline",
        "repaint": "Flux2KleinInpaintPipeline",
    },
    denoiser="transformer",
    learning=Learning(
        encode_prompts=_encode_prompts,
        encode_pictures=_encode_pictures,
        predict=_predict,
        targets=(*ATTENTION, "to_qkv_mlp_proj"),  # the last is in blocks that pictures and prompts share
    ),
)
