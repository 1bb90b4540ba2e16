"""Chroma, a model in the shape of FLUX.1 without distillation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import Family
from gpu_tasks.inference.learning import Learning, Noisy, encode_as_tokens, grid_of

if TYPE_CHECKING:
    from torch import Tensor


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    states, _, mask, *_ = pipeline.encode_prompt(prompts, do_classifier_free_guidance=False)
    return {"states": states, "mask": mask}


def _predict(pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    states, grid = noisy.conditions["states"], grid_of(pipeline, noisy.side)
    count, tokens, _ = noisy.latents.shape
    predicted: Tensor = network(
        hidden_states=noisy.latents,
        timestep=noisy.times / 1000,
        encoder_hidden_states=states,
        txt_ids=states.new_zeros(states.shape[1], 3),
        img_ids=pipeline._prepare_latent_image_ids(1, grid, grid, states.device, states.dtype),
        attention_mask=pipeline._prepare_attention_mask(count, tokens, states.dtype, noisy.conditions["mask"]),
    ).sample
    return predicted


FAMILY = Family(
    pipelines={"draw": "ChromaPipeline", "redraw": "ChromaImg2ImgPipeline"},
    denoiser="transformer",
    learning=Learning(encode_prompts=_encode_prompts, encode_pictures=encode_as_tokens, predict=_predict),
)
