"""What the training of a style needs of a family: how prompts and pictures are encoded, how the denoising network is
called outside of its pipeline, and which of its layers an adapter changes.

Prompts are encoded by the pipeline's own method, so that training and drawing see the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # only workers need it, not those who push models
    from torch import Tensor

# The layers of attention in Diffusers: of pictures and prompts, and, in some transformers, of prompts in pictures.
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
FEED_FORWARD = ("ff.net.0.proj", "ff.net.2")


@dataclass(frozen=True, kw_only=True)
class Noisy:
    """A batch for the denoising network.

    `latents` are in the layout of the scheduler's steps, `times` (N) are the scheduler's timesteps, and `conditions`
    are the encoded prompts. The pictures have `side` x `side` pixels.
    """

    latents: Tensor
    times: Tensor
    conditions: Mapping[str, Tensor]
    side: int


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How a family learns.

    `encode_prompts` of a pipeline and prompts returns tensors by name. Their first dimension is the prompt. In tensors
    of three dimensions and in masks, the second is the token, and zeros may be appended to it.
    `encode_pictures` of a pipeline and pictures (N, 3, side, side), -1 to 1, returns latents in the layout of the
    scheduler's steps. `predict` of a pipeline, its denoising network and a batch returns what the scheduler's step
    takes. `targets` are the ends of the names of the layers that an adapter changes. `prompts_at_once` is the number of
    prompts that fit into the memory together.
    """

    encode_prompts: Callable[[Any, list[str]], dict[str, Tensor]]
    predict: Callable[[Any, Any, Noisy], Tensor]
    encode_pictures: Callable[[Any, Tensor], Tensor]
    targets: tuple[str, ...] = ATTENTION
    prompts_at_once: int = 16


def encode_with_vae(pipeline: Any, pictures: Tensor) -> Tensor:
    """Return the latents of an autoencoder with one scale and one shift: (N, channels, height, width)."""
    settings = pipeline.vae.config
    latents: Tensor = pipeline.vae.encode(pictures).latent_dist.mode()
    if shift := getattr(settings, "shift_factor", None):
        latents = latents - shift
    scaled: Tensor = latents * settings.scaling_factor
    return scaled


def pack(pipeline: Any, latents: Tensor) -> Tensor:
    """Return latents (N, channels, height, width) as tokens of four latent pixels, by the pipeline's own method."""
    count, channels, height, width = latents.shape
    packed: Tensor = pipeline._pack_latents(latents, count, channels, height, width)
    return packed


def encode_as_tokens(pipeline: Any, pictures: Tensor) -> Tensor:
    """Return the latents of `encode_with_vae` as tokens of four latent pixels."""
    return pack(pipeline, encode_with_vae(pipeline, pictures))


def grid_of(pipeline: Any, side: int) -> int:
    """Return the number of tokens of 2 by 2 latent pixels along the side of a picture."""
    return side // (2 * int(pipeline.vae_scale_factor))
