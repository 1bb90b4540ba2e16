"""Low-rank adapters (LoRA, arXiv:2106.09685): small matrices added to the frozen ones of a UNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from torch import nn

NAME = "default"  # in the trained network; a worker uses its own name
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2")
# A style consists mostly of strokes and colours, which a small UNet draws with its convolutions.
CONVOLUTIONS = ("conv_in", "conv1", "conv2", "conv_out")


def add_lora(unet: Any, rank: int, seed: int) -> None:
    """Freeze the UNet and add low-rank matrices of this rank. The seed determines their initial values.

    Their product is zero at first: one of each pair is random, the other is zero. Their scale is 1 (alpha is the rank).
    """
    unet.requires_grad_(False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet.add_adapter(
            LoraConfig(
                r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=[*ATTENTION, *CONVOLUTIONS]
            ),
            adapter_name=NAME,
        )


def save_lora(unet: nn.Module, folder: Path) -> None:
    """Write the matrices in half precision, in the format of `load_lora_weights`."""
    weights = {name: tensor.half().contiguous() for name, tensor in get_peft_model_state_dict(unet).items()}
    StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=weights)
