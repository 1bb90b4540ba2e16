"""Stable Diffusion 1.x and 2.x (arXiv:2112.10752)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import LATENT_PIXELS, Family
from gpu_tasks.inference.learning import FEED_FORWARD, Learning, Noisy, encode_with_vae

if TYPE_CHECKING:
    from torch import Tensor

# A style consists mostly of strokes and colours, which a small UNet draws with its convolutions.
CONVOLUTIONS = ("conv_in", "conv1", "conv2", "conv_out")


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    states, _ = pipeline.encode_prompt(prompts, pipeline.device, 1, do_classifier_free_guidance=False)
    return {"states": states}


def _predict(_pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    predicted: Tensor = network(noisy.latents, noisy.times, noisy.conditions["states"]).sample
    return predicted


LEARNING = Learning(
    encode_prompts=_encode_prompts,
    encode_pictures=encode_with_vae,
    predict=_predict,
    targets=("to_q", "to_k", "to_v", "to_out.0", *FEED_FORWARD, *CONVOLUTIONS),
    prompts_at_once=256,
)
FAMILY = Family(
    pipelines={
        "draw": "StableDiffusionPipeline",
        "redraw": "StableDiffusionImg2ImgPipeline",
        "repaint": "StableDiffusionInpaintPipeline",
    },
    denoiser="unet",
    seamless="circular padding",
    size_step=LATENT_PIXELS,
    learning=LEARNING,
)
