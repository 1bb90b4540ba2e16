"""Styles on a GPU: a worker changes from one to another without loading its model again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.entries import Entry
from gpu_tasks.inference.adapters import FACTS, Adapter, AdapterCache
from gpu_tasks.inference.families.stable_diffusion import LEARNING
from gpu_tasks.inference.manifests import write_manifest
from gpu_tasks.training.styles.lora import NAME, add_lora, save_lora
from tests.cuda.shapes import SDXL, build, choose_shape, diffusion_of, draw
from tests.cuda.timing import time_once

RANK = 16
DENOISER = "0" * 64


def write_style(unet: Any, folder: Path, seed: int) -> None:
    """An untrained style that changes drawings."""
    add_lora(unet, LEARNING.targets, RANK, seed)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in unet.named_parameters():
        if "lora_B" in name:
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.02)
    folder.mkdir()
    save_lora(unet, "unet", folder)
    unet.delete_adapters(NAME)
    unet.unload_lora()
    facts = Adapter(name=folder.name, base="b", denoiser_sha256=DENOISER, rank=RANK, word=None, recipe={})
    (folder / FACTS).write_text(json.dumps(asdict(facts)))
    write_manifest(folder)


def test_a_worker_changes_the_style_without_loading_the_model_again(
    tmp_path: Path, device: str, record: Callable[[Entry], None]
) -> None:
    shape = choose_shape(SDXL, device)
    reload_s, pipeline = time_once(lambda: build(shape, device), device)
    for seed, name in enumerate(("one", "two")):
        write_style(pipeline.unet, tmp_path / name, seed)
    adapters = AdapterCache(pipeline.unet, DENOISER, lambda name: tmp_path / name)
    diffusion = diffusion_of(pipeline, shape, adapters=adapters)
    plain = draw(diffusion)

    load_s, _ = time_once(lambda: adapters.use("one"), device)
    first_s, one = time_once(lambda: draw(diffusion, adapter="one"), device)
    two = draw(diffusion, adapter="two")
    swap_s, _ = time_once(lambda: adapters.use("one"), device)
    drawn_s, again = time_once(lambda: draw(diffusion, adapter="one"), device)
    plain_s, bare = time_once(lambda: draw(diffusion), device)

    record(
        Entry(
            name="style_swap",
            value=round(swap_s, 4),
            goal=1.0,
            better="lower",
            unit="s",
            beside={
                "load_of_a_style_s": round(load_s, 3),
                "first_picture_s": round(first_s, 3),
                "picture_with_style_s": round(drawn_s, 3),
                "picture_without_style_s": round(plain_s, 3),
                "build_of_the_model_s": round(reload_s, 2),
            },
        )
    )
    assert again == one
    assert bare == plain
    assert len({*plain, *one, *two}) == 3
