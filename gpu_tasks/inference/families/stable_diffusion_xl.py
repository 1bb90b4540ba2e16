"""Stable Diffusion XL (arXiv:2307.01952), also distilled: Turbo, Lightning, LCM, TCD. The scheduler of
each is in its folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import LATENT_PIXELS, Family
from gpu_tasks.inference.learning import ATTENTION, FEED_FORWARD, Learning, Noisy, encode_with_vae

if TYPE_CHECKING:
    from torch import Tensor


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    states, _, pooled, _ = pipeline.encode_prompt(prompts, do_classifier_free_guidance=False)
    return {"states": states, "pooled": pooled}


def _predict(pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    pooled, whole = noisy.conditions["pooled"], (noisy.side, noisy.side)
    sizes = pipeline._get_add_time_ids(whole, (0, 0), whole, pooled.dtype, pooled.shape[-1]).to(pooled.device)
    predicted: Tensor = network(
        noisy.latents,
        noisy.times,
        noisy.conditions["states"],
        added_cond_kwargs={"text_embeds": pooled, "time_ids": sizes.repeat(len(pooled), 1)},
    ).sample
    return predicted


FAMILY = Family(
    pipelines={
        "draw": "StableDiffusionXLPipeline",
        "redraw": "StableDiffusionXLImg2ImgPipeline",
        "repaint": "StableDiffusionXLInpaintPipeline",
    },
    denoiser="unet",
    seamless="circular padding",
    size_step=LATENT_PIXELS,
    learning=Learning(
        encode_prompts=_encode_prompts,
        encode_pictures=encode_with_vae,
        predict=_predict,
        targets=(*ATTENTION, *FEED_FORWARD),
    ),
)
