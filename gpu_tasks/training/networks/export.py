"""Write a run's averaged weights as a model folder: the start's, with the trained part replaced."""

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

from gpu_tasks.inference import model_store
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.training.checkpoint import Run, part
from gpu_tasks.training.errors import CheckpointBroken
from gpu_tasks.training.networks.decoder import Decoder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of the run")
    parser.add_argument("model", type=Path, metavar="MODEL", help="model folder to write; replaced if it exists")
    parser.add_argument("--start", type=Path, required=True, help="model folder with the other parts; can be MODEL")


def run(arguments: argparse.Namespace) -> None:
    """Half precision, with a manifest; the folder appears whole. Raises CheckpointMissing, CheckpointBroken."""
    this_run = Run.found(arguments.run)
    path, step, tensors = this_run.latest()
    model_store.check(arguments.start)
    folder_of_part, put = PARTS[this_run.recipe["trains"]]
    try:
        trained = put(arguments.start / folder_of_part, part(tensors, "average."))
    except (OSError, RuntimeError) as error:
        raise CheckpointBroken(f"{path} does not fit {arguments.start / folder_of_part}: {error}") from None
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.model.parent) as scratch:
        folder = Path(scratch) / "model"
        shutil.copytree(arguments.start, folder)
        config = folder / folder_of_part / "config.json"
        as_it_was = config.read_bytes()
        trained.half().save_pretrained(folder / folder_of_part)
        config.write_bytes(as_it_was)  # what was saved names folders of this machine
        for weights in folder.rglob("*.safetensors"):
            weights.chmod(0o644)  # written for their owner alone; a worker runs as somebody else
        model_store.write_manifest(folder)
        if arguments.model.exists():
            arguments.model.rename(Path(scratch) / "old")
        folder.rename(arguments.model)
    print(f"Exported the averaged weights after step {step} to {arguments.model / folder_of_part}")


def unet_with(folder: Path, weights: Mapping[str, Tensor]) -> Any:
    unet = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32)
    unet.load_state_dict(weights)
    return unet


def text_encoder_with(folder: Path, weights: Mapping[str, Tensor]) -> Any:
    from transformers import CLIPTextModel  # slow to import

    text_encoder = CLIPTextModel.from_pretrained(folder, dtype=torch.float32)
    text_encoder.load_state_dict(weights)
    return text_encoder


def autoencoder_with(folder: Path, weights: Mapping[str, Tensor]) -> Any:
    autoencoder = AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32)
    Decoder(autoencoder).load_state_dict(weights)
    return autoencoder


def upscaler_with(folder: Path, weights: Mapping[str, Tensor]) -> Any:
    network = Upscaler.open(folder).network
    network.load_state_dict(weights)
    return network


# By what a run's recipe says it trains: the part's folder, and how the part takes the weights.
PARTS: Mapping[str, tuple[str, Callable[[Path, Mapping[str, Tensor]], Any]]] = {
    "unet": ("unet", unet_with),
    "text_encoder": ("text_encoder", text_encoder_with),
    "decoder": ("vae", autoencoder_with),
    "upscaler": ("", upscaler_with),  # the folder is the part
}
