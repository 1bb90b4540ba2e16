"""Write a run's averaged weights as a model folder that stock diffusers loads."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel

from gpu_tasks import model_store
from gpu_tasks.training.checkpoint import Run, part
from gpu_tasks.training.errors import CheckpointBroken


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("model", type=Path, help="the model folder to write; replaced where it exists")
    parser.add_argument("--start", type=Path, required=True, help="the model folder that the run began from")


def run(arguments: argparse.Namespace) -> None:
    """Half precision, with a manifest; the folder appears whole. Raises CheckpointMissing, CheckpointBroken."""
    path, step, tensors = Run.found(arguments.run).latest()
    model_store.check(arguments.start)
    unet = UNet2DConditionModel.from_pretrained(arguments.start / "unet", dtype=torch.float32)
    try:
        unet.load_state_dict(part(tensors, "average."))
    except RuntimeError as error:
        raise CheckpointBroken(f"{path} does not fit the UNet of {arguments.start}: {error}") from None
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.model.parent) as scratch:
        folder = Path(scratch) / "model"
        shutil.copytree(arguments.start, folder)
        unet.half().save_pretrained(folder / "unet")
        for weights in folder.rglob("*.safetensors"):
            weights.chmod(0o644)  # written for their owner alone; a worker runs as somebody else
        model_store.write_manifest(folder)
        if arguments.model.exists():
            arguments.model.rename(Path(scratch) / "old")
        folder.rename(arguments.model)
    print(f"{arguments.model}: the average after step {step}")
