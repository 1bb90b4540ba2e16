"""Z-Image (Alibaba, arXiv:2511.22699). Guidance is off at 0, not at 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpu_tasks.inference.families import Family
from gpu_tasks.inference.learning import Learning, Noisy, encode_with_vae

if TYPE_CHECKING:
    from torch import Tensor


def _encode_prompts(pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
    from torch.nn.utils.rnn import pad_sequence

    # The pipeline changes the list. Each of its tensors has as many tokens as its prompt.
    texts, _ = pipeline.encode_prompt(list(prompts), do_classifier_free_guidance=False)
    masks = [text.new_ones(len(text)) for text in texts]
    return {"states": pad_sequence(texts, batch_first=True), "mask": pad_sequence(masks, batch_first=True).bool()}


def _predict(_pipeline: Any, network: Any, noisy: Noisy) -> Tensor:
    import torch

    states, mask = noisy.conditions["states"], noisy.conditions["mask"]
    # The network counts from noise, 0, to the picture, 1, and predicts the way to the picture.
    predicted = network(
        list(noisy.latents.unsqueeze(2)),
        (1000 - noisy.times) / 1000,
        [text[kept] for text, kept in zip(states, mask, strict=True)],
    ).sample
    return -torch.stack(list(predicted)).squeeze(2)


FAMILY = Family(
    pipelines={"draw": "ZImagePipeline", "redraw": "ZImageImg2ImgPipeline", "repaint": "ZImageInpaintPipeline"},
    denoiser="transformer",
    learning=Learning(encode_prompts=_encode_prompts, encode_pictures=encode_with_vae, predict=_predict),
)
