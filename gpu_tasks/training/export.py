"""Write a run's averaged weights as a model folder: the one that the run began from, with the trained part replaced."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from gpu_tasks import model_store, upscaler
from gpu_tasks.training.checkpoint import Run, part
from gpu_tasks.training.errors import CheckpointBroken


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("model", type=Path, help="the model folder to write; replaced where it exists")
    parser.add_argument("--start", type=Path, required=True, help="the model folder that the run began from")


def run(arguments: argparse.Namespace) -> None:
    """Half precision, with a manifest; the folder appears whole. Raises CheckpointMissing, CheckpointBroken."""
    this_run = Run.found(arguments.run)
    path, step, tensors = this_run.latest()
    model_store.check(arguments.start)
    replace = PARTS[this_run.recipe["trains"]]
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.model.parent) as scratch:
        folder = Path(scratch) / "model"
        shutil.copytree(arguments.start, folder)
        try:
            replace(folder, part(tensors, "average."))
        except (OSError, RuntimeError) as error:
            raise CheckpointBroken(f"{path} does not fit {arguments.start}: {error}") from None
        for weights in folder.rglob("*.safetensors"):
            weights.chmod(0o644)  # written for their owner alone; a worker runs as somebody else
        model_store.write_manifest(folder)
        if arguments.model.exists():
            arguments.model.rename(Path(scratch) / "old")
        folder.rename(arguments.model)
    print(f"{arguments.model}: the average after step {step}")


def replace_unet(folder: Path, weights: Mapping[str, Tensor]) -> None:
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", dtype=torch.float32)
    unet.load_state_dict(weights)
    unet.half().save_pretrained(folder / "unet")


def replace_upscaler(folder: Path, weights: Mapping[str, Tensor]) -> None:
    network = upscaler.Upscaler.open(folder).network
    network.load_state_dict(weights)
    upscaler.write_weights(network, folder)


# What a run's recipe says that it trains.
PARTS: dict[str, Callable[[Path, Mapping[str, Tensor]], None]] = {"unet": replace_unet, "upscaler": replace_upscaler}
