"""Tiny encoders of words and pictures with random weights, as folders in the layout of a hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

from gpu_tasks.inference.manifests import write_manifest
from tests.gpu.tiny_models.text_encoders import CLIP_TOKENS, clip_tokenizer, gemma

SIDE = 32
DIMENSIONS = {"clip": 8, "siglip": 16}
TOWER: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
}
PICTURES: dict[str, Any] = {**TOWER, "image_size": SIDE, "patch_size": 16}


def save_encoder(family: str, folder: Path) -> Path:
    """Build an encoder of this family and save it as a model folder."""
    torch.manual_seed(0)
    model, tokenizer, pictures = _clip() if family == "clip" else _siglip()
    for part in (model, tokenizer, pictures):
        part.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    write_manifest(folder)
    return folder


def _clip() -> tuple[Any, Any, Any]:
    tokenizer = clip_tokenizer()
    end = len(tokenizer) - 1
    words = {"vocab_size": end + 1, "bos_token_id": end - 1, "eos_token_id": end, "pad_token_id": end}
    config = transformers.CLIPConfig(
        text_config={**TOWER, **words, "max_position_embeddings": CLIP_TOKENS},
        vision_config=PICTURES,
        projection_dim=DIMENSIONS["clip"],
    )
    pictures = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    return transformers.CLIPModel(config).eval(), tokenizer, pictures


def _siglip() -> tuple[Any, Any, Any]:
    special = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
    config = transformers.SiglipConfig(
        text_config={**TOWER, **special, "vocab_size": 128, "max_position_embeddings": 64}, vision_config=PICTURES
    )
    pictures = transformers.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return transformers.SiglipModel(config).eval(), gemma(1)["tokenizer"], pictures
