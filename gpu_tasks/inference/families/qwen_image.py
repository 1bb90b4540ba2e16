"""Qwen-Image (arXiv:2508.02324). Its guidance needs a negative prompt, even an empty one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import Family
from gpu_tasks.inference.learning import Learning, Noisy, grid_of, pack

if TYPE_CHECKING:
    from torch import Tensor


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    states, mask = pipeline.encode_prompt(prompts)
    # The pipeline leaves a mask out that keeps everything.
    return {"states": states, "mask": states.new_ones(states.shape[:2]).bool() if mask is None else mask.bool()}


def _encode_pictures(pipeline: Any, pictures: Tensor) -> Tensor:
    settings = pipeline.vae.config
    latents: Tensor = pipeline.vae.encode(pictures.unsqueeze(2)).latent_dist.mode().squeeze(2)
    mean, spread = (latents.new_tensor(each).view(-1, 1, 1) for each in (settings.latents_mean, settings.latents_std))
    return pack(pipeline, (latents - mean) / spread)


def _predict(pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    grid = grid_of(pipeline, noisy.side)
    predicted: Tensor = network(
        hidden_states=noisy.latents,
        timestep=noisy.times / 1000,
        encoder_hidden_states=noisy.conditions["states"],
        encoder_hidden_states_mask=noisy.conditions["mask"],
        img_shapes=[[(1, grid, grid)]] * len(noisy.latents),
    ).sample
    return predicted


FAMILY = Family(
    pipelines={
        "draw": "QwenImagePipeline",
        "redraw": "QwenImageImg2ImgPipeline",
        "repaint": "QwenImageInpaintPipeline",
    },
    denoiser="transformer",
    guidance="true_cfg_scale",  # the pipelines ignore guidance_scale
    one_image_per_call=True,
    learning=Learning(encode_prompts=_encode_prompts, encode_pictures=_encode_pictures, predict=_predict),
)
