"""FLUX.1 of Black Forest Labs. T5 reads the whole prompt, CLIP its start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import Family
from gpu_tasks.inference.learning import Learning, Noisy, encode_as_tokens, grid_of

if TYPE_CHECKING:
    from torch import Tensor


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    states, pooled, _ = pipeline.encode_prompt(prompts)
    return {"states": states, "pooled": pooled}


def _predict(pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    states, grid = noisy.conditions["states"], grid_of(pipeline, noisy.side)
    guided = network.config.guidance_embeds
    predicted: Tensor = network(
        hidden_states=noisy.latents,
        timestep=noisy.times / 1000,
        # Pictures of a dataset are as pictures without guidance.
        guidance=noisy.times.new_ones(len(noisy.times)) if guided else None,
        pooled_projections=noisy.conditions["pooled"],
        encoder_hidden_states=states,
        txt_ids=states.new_zeros(states.shape[1], 3),
        img_ids=pipeline._prepare_latent_image_ids(1, grid, grid, states.device, states.dtype),
    ).sample
    return predicted


FAMILY = Family(
    pipelines={"draw": "FluxPipeline", "redraw": "FluxImg2ImgPipeline", "repaint": "FluxInpaintPipeline"},
    denoiser="transformer",
    tokenizer="tokenizer_2",
    learning=Learning(encode_prompts=_encode_prompts, encode_pictures=encode_as_tokens, predict=_predict),
)
