"""Folders of models as hubs have them: without content, for tests of files, and tiny pipelines that load."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}
INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
# Changes of the index for a model with a transformer.
TRANSFORMER = {
    "_class_name": "ZImagePipeline",
    "unet": [None, None],
    "transformer": ["diffusers", "ZImageTransformer2DModel"],
}
CARD = "---\nlicense: creativeml-openrail-m\n---\n# A model\n"
TYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "non_ema": torch.float32, None: torch.float32}


def a_folder(at: Path, *, variants: Iterable[str | None] = (None,), index: dict[str, Any] | None = None) -> Path:
    """A folder with the files of a model, and small weights in each variant."""
    write(at / "README.md", CARD)
    write(at / "model_index.json", json.dumps(INDEX | (index or {})))
    write(at / "scheduler/scheduler_config.json", "{}")
    for name in ("tokenizer_config.json", "vocab.json", "merges.txt", "special_tokens_map.json"):
        write(at / "tokenizer" / name, "{}")
    for component, stem in STEMS.items():
        write(at / component / "config.json", "{}")
        for variant in variants:
            save_weights(at / component / dotted(stem, variant), variant=variant)
    return at


def dotted(stem: str, variant: str | None) -> str:
    return f"{stem}.{variant}.safetensors" if variant else f"{stem}.safetensors"


def save_weights(path: Path, *names: str, variant: str | None = None, dtype: torch.dtype | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = dtype or TYPES[variant]
    save_file({name: torch.zeros(1000, dtype=kind) for name in names or ("weight",)}, path)


def shard(folder: Path, stem: str, *, variant: str | None = None, old: bool = False) -> Path:
    """Replace a component's weights by two shards, in the current or the older layout. Returns the index."""
    dot = f".{variant}" if variant else ""
    (folder / dotted(stem, variant)).unlink()
    numbers = ("-00001-of-00002", "-00002-of-00002")
    shards = [f"{stem}{number}{dot}.safetensors" if old else f"{stem}{dot}{number}.safetensors" for number in numbers]
    for number, name in enumerate(shards):
        save_weights(folder / name, f"layer.{number}", variant=variant)
    index = folder / (f"{stem}.safetensors{dot}.index.json" if old else f"{stem}.safetensors.index{dot}.json")
    weights = {f"layer.{number}": name for number, name in enumerate(shards)}
    write(index, json.dumps({"metadata": {"total_size": 32}, "weight_map": weights}))
    return index


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
