"""Stable Diffusion 3 and 3.5 (arXiv:2403.03206). T5 reads the whole prompt, both CLIPs its start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import Family
from gpu_tasks.inference.learning import Learning, Noisy, encode_with_vae

if TYPE_CHECKING:
    from torch import Tensor


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    states, _, pooled, _ = pipeline.encode_prompt(prompts, None, None, do_classifier_free_guidance=False)
    return {"states": states, "pooled": pooled}


def _predict(_pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    predicted: Tensor = network(
        hidden_states=noisy.latents,
        timestep=noisy.times,
        encoder_hidden_states=noisy.conditions["states"],
        pooled_projections=noisy.conditions["pooled"],
    ).sample
    return predicted


FAMILY = Family(
    pipelines={
        "draw": "StableDiffusion3Pipeline",
        "redraw": "StableDiffusion3Img2ImgPipeline",
        "repaint": "StableDiffusion3InpaintPipeline",
    },
    denoiser="transformer",
    tokenizer="tokenizer_3",
    learning=Learning(encode_prompts=_encode_prompts, encode_pictures=encode_with_vae, predict=_predict),
)
