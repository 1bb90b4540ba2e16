"""The second version of `Lumina`, a model of images (arXiv:2503.21758). It draws from prompts only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import Family
from gpu_tasks.inference.learning import Learning, Noisy, encode_with_vae

if TYPE_CHECKING:
    from torch import Tensor


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    states, mask, *_ = pipeline.encode_prompt(prompts, do_classifier_free_guidance=False)
    return {"states": states, "mask": mask}


def _predict(_pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    # The network counts from noise, 0, to the picture, 1, and predicts the way to the picture.
    predicted: Tensor = network(
        hidden_states=noisy.latents,
        timestep=1 - noisy.times / 1000,
        encoder_hidden_states=noisy.conditions["states"],
        encoder_attention_mask=noisy.conditions["mask"],
    ).sample
    return -predicted


FAMILY = Family(
    pipelines={"draw": "Lumina2Pipeline"},
    denoiser="transformer",
    one_image_per_call=True,
    learning=Learning(encode_prompts=_encode_prompts, encode_pictures=encode_with_vae, predict=_predict),
)
