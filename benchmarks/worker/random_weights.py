"""A model with the shape of Stable Diffusion 1.5 and random weights: 860 million parameters that draw noise.

The weights do not change how long an image takes. `python -m benchmarks.worker.random_weights FOLDER` writes the
model's folder, so that a machine can be measured without the model's files.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from craftspark.models.tokens import DATA, SPECIAL, WORD_END
from gpu_tasks.inference.manifests import write_manifest

TOKENS = 77
# The values that differ from the defaults in Diffusers and Transformers.
UNET = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
AUTOENCODER = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 512,
}
# A model with 103 million parameters in its denoising network, for benchmarks on a CPU at 128 pixels.
SMALL_UNET = {"sample_size": 16, "cross_attention_dim": 768, "block_out_channels": (128, 256, 416, 416)}
SMALL_AUTOENCODER = {**AUTOENCODER, "block_out_channels": (32, 64, 64, 64), "layers_per_block": 1, "sample_size": 128}
TEXT_ENCODER = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": TOKENS,
}
SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "skip_prk_steps": True}


def save(folder: Path, *, small: bool = False) -> None:
    """Write the model's folder, in half precision."""
    build_pipeline(small=small).to(torch.float16).save_pretrained(folder, safe_serialization=True)
    write_manifest(folder)


def build_pipeline(*, small: bool = False) -> Any:
    """Build the pipeline on the CPU, in single precision: the shape of Stable Diffusion 1.5, or the small one."""
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    return StableDiffusionPipeline(
        vae=AutoencoderKL(**(SMALL_AUTOENCODER if small else AUTOENCODER)),
        text_encoder=CLIPTextModel(CLIPTextConfig(**TEXT_ENCODER)),
        tokenizer=clip_tokenizer(),
        unet=UNet2DConditionModel(**(SMALL_UNET if small else UNET)),
        scheduler=PNDMScheduler(**SCHEDULE, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def clip_tokenizer() -> Any:
    """Build CLIP's tokenizer from the merges with which a submission counts tokens."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    merges = gzip.decompress((DATA / "clip.txt.gz").read_bytes()).decode().splitlines()
    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(letter + WORD_END for letter in letters), *("".join(merge.split()) for merge in merges)]
    with tempfile.TemporaryDirectory() as folder:
        vocabulary, ranked = Path(folder) / "vocab.json", Path(folder) / "merges.txt"
        vocabulary.write_text(json.dumps({word: number for number, word in enumerate([*words, *SPECIAL])}))
        ranked.write_text("\n".join(["#version: 0.2", *merges, ""]))
        return CLIPTokenizer(vocab=str(vocabulary), merges=str(ranked), model_max_length=TOKENS)


if __name__ == "__main__":
    save(Path(sys.argv[1]))
