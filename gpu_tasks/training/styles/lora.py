"""Low-rank adapters (LoRA, arXiv:2106.09685): small matrices added to the frozen ones of a denoising network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import nn

from gpu_tasks.inference.adapters import WEIGHTS
from gpu_tasks.training.checkpoint import find_trainable

NAME = "default"  # in the trained network; a worker uses its own name


def add_lora(network: Any, targets: tuple[str, ...], rank: int, seed: int) -> None:
    """Freeze the network and add low-rank matrices of this rank to the layers whose names end with a target. The seed
    determines their initial values.

    Their product is zero at first: one of each pair is random, the other is zero. Their scale is 1 (alpha is the rank).
    They have single precision, even if the frozen network has half.
    """
    network.requires_grad_(False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network.add_adapter(
            LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=list(targets)),
            adapter_name=NAME,
        )
    for parameter in find_trainable(network).values():
        parameter.data = parameter.data.float()


def save_lora(network: nn.Module, component: str, folder: Path) -> None:
    """Write the matrices in half precision, in the format of `load_lora_weights`. `component` is the network's name in
    its pipeline.
    """
    weights = get_peft_model_state_dict(network)
    save_file(
        {f"{component}.{name}": tensor.half().cpu().contiguous() for name, tensor in weights.items()},
        folder / WEIGHTS,
        metadata={"format": "pt"},
    )
