"""Export a run's averaged weights as a model folder: a copy of the start with the trained part replaced."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor

from craftspark.errors.training import CheckpointBroken
from gpu_tasks.inference import manifests
from gpu_tasks.inference.upscaler_networks import open_trainable
from gpu_tasks.training.checkpoint import Run, select_prefix
from gpu_tasks.training.networks.decoder import Decoder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of the run")
    parser.add_argument("model", type=Path, metavar="MODEL", help="model folder to write; replaced if it exists")
    parser.add_argument("--start", type=Path, required=True, help="model folder with the other parts; can be MODEL")


def run(arguments: argparse.Namespace) -> None:
    """Export in half precision with a manifest, atomically. Raises CheckpointMissing, CheckpointBroken,
    ModelUnavailable.
    """
    this_run = Run.open(arguments.run)
    path, step, tensors = this_run.latest()
    manifests.check(arguments.start)
    folder_of_part, put = PARTS[this_run.recipe["trains"]]
    try:
        trained = put(arguments.start / folder_of_part, select_prefix(tensors, "average."))
    except (OSError, RuntimeError) as error:
        raise CheckpointBroken(f"{path} does not fit {arguments.start / folder_of_part}: {error}") from None
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.model.parent) as scratch:
        folder = Path(scratch) / "model"
        shutil.copytree(arguments.start, folder)
        config = folder / folder_of_part / "config.json"
        original = config.read_bytes()
        trained.half().save_pretrained(folder / folder_of_part)
        config.write_bytes(original)  # the saved file contains paths of this machine
        for weights in folder.rglob("*.safetensors"):
            weights.chmod(0o644)  # the file is private by default, and a worker is another user
        manifests.write_manifest(folder)
        if arguments.model.exists():
            arguments.model.rename(Path(scratch) / "old")
        folder.rename(arguments.model)
    print(f"Exported the averaged weights after step {step} to {arguments.model / folder_of_part}")


def load_unet(folder: Path, weights: Mapping[str, Tensor]) -> Any:
    unet = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32)
    unet.load_state_dict(weights)
    return unet


def load_text_encoder(folder: Path, weights: Mapping[str, Tensor]) -> Any:
    from transformers import CLIPTextModel  # slow to import

    text_encoder = CLIPTextModel.from_pretrained(folder, dtype=torch.float32)
    text_encoder.load_state_dict(weights)
    return text_encoder


def load_autoencoder(folder: Path, weights: Mapping[str, Tensor]) -> Any:
    autoencoder = AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32)
    Decoder(autoencoder).load_state_dict(weights)
    return autoencoder


def load_upscaler(folder: Path, weights: Mapping[str, Tensor]) -> Any:
    network = open_trainable(folder)
    network.load_state_dict(weights)
    return network


# By the value of `trains` in a run's recipe: the part's folder, and the function that loads it with weights.
PARTS: Mapping[str, tuple[str, Callable[[Path, Mapping[str, Tensor]], Any]]] = {
    "unet": ("unet", load_unet),
    "text_encoder": ("text_encoder", load_text_encoder),
    "decoder": ("vae", load_autoencoder),
    "upscaler": ("", load_upscaler),  # the folder is the part
}
