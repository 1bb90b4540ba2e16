"""Train the upscaler on pairs of large pictures and the same made small, from a model folder.

A style can be held out whole: none of its pictures is learned from, so that `gain` can measure on it.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import model_store
from gpu_tasks.inference.upscaler import Upscaler, UpscalerNetwork
from gpu_tasks.training.checkpoint import PARTIAL, Run, settle
from gpu_tasks.training.dataset.dataset import MANIFEST, PICTURES_LEAST, Dataset, on_white
from gpu_tasks.training.dataset.patches import FACTOR, Patches, PatchPlan
from gpu_tasks.training.dataset.picture import Picture
from gpu_tasks.training.errors import PictureTooSmall, RecipeUnfit, SubjectsMissing, TooFewPictures
from gpu_tasks.training.evaluation.grid import COLUMNS, write_grid
from gpu_tasks.training.loop import Schedule, train
from gpu_tasks.training.options import add_options, rhythm_of, schedule_of

EDGE_WEIGHT = 0.1
UNJUDGED = 4  # small pixels at a patch's border, where the network cannot see what would lie around it
SAMPLES_SEED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, batch=12, rate=5e-4)
    parser.add_argument("--patch", type=int, default=40, help="width and height of a small patch in pixels")
    parser.add_argument(
        "--size", type=int, default=512, help="width and height in pixels of images from a plain folder"
    )
    parser.add_argument("--hold-out", metavar="STYLE", help="exclude this style from training")
    parser.add_argument(
        "--softened-by",
        type=Path,
        metavar="MODEL_FOLDER",
        help="also train on patches softened by the autoencoder of this model",
    )
    parser.add_argument("--softened", type=float, default=0.25, help="fraction of softened patches")


def run(arguments: argparse.Namespace) -> None:
    """Train to the last step; raises a TrainingError, or ModelUnavailable for a broken start."""
    schedule, plan = asked(arguments)
    start = Upscaler.open(arguments.start)
    dataset = chosen(arguments.data, arguments.size, arguments.hold_out, patch=plan.patch)
    if arguments.softened_by:
        model_store.check(arguments.softened_by)
    this_run = Run.begin(arguments.run, recipe(arguments, schedule, plan, dataset))
    pictures = dataset.pixels()
    softened = None
    if arguments.softened_by:
        softened = softened_pictures(this_run.folder / "softened.safetensors", pictures, arguments.softened_by)
    print(f"{len(pictures)} images of {dataset.size} pixels", flush=True)

    def sample(average: nn.Module, step: int) -> None:
        judged = UpscalerNetwork(start.network.config)
        judged.load_state_dict(average.state_dict())
        grid = before_and_after(Upscaler(judged, device=arguments.device), pictures, softened)
        write_grid(grid, this_run.folder / "samples" / f"{step:08}.png")

    network = start.network.train().requires_grad_(True).to(arguments.device)
    train(
        network,
        EdgeLoss(Patches(pictures, softened, plan), arguments.device),
        this_run,
        schedule,
        rhythm_of(arguments),
        on_sample=sample,
        say=lambda line: print(line, flush=True),
    )


def asked(arguments: argparse.Namespace) -> tuple[Schedule, PatchPlan]:
    """Raises RecipeUnfit for numbers that make no sense."""
    schedule = schedule_of(arguments)
    if arguments.patch <= 2 * UNJUDGED:
        raise RecipeUnfit(f"--patch {arguments.patch} must be more than {2 * UNJUDGED} pixels")
    if not 0 <= arguments.softened <= 1:
        raise RecipeUnfit(f"--softened {arguments.softened} must be a fraction from 0 to 1")
    return schedule, PatchPlan(
        seed=arguments.seed,
        batch=arguments.batch // arguments.parts,
        patch=arguments.patch,
        softened=arguments.softened if arguments.softened_by else 0.0,
    )


def chosen(folder: Path, size: int, held_out: str | None, *, patch: int) -> Dataset:
    """The pictures to learn from; raises a TrainingError where they are too few or too small."""
    dataset = Dataset.open(folder) if (folder / MANIFEST).is_file() else Dataset.from_folder(folder, size)
    least = FACTOR * patch
    if dataset.size < least or dataset.size % FACTOR:
        raise PictureTooSmall(
            f"the images in {folder} have {dataset.size} pixels per side; a patch of {patch} pixels needs at least "
            f"{least}, and a multiple of {FACTOR}. Build the dataset with a larger --size or reduce --patch"
        )
    for picture in dataset.pictures:
        with Image.open(folder / picture.file) as image:
            if max(image.size) < dataset.size:
                raise PictureTooSmall(
                    f"{picture.file} in {folder} has {image.width} x {image.height} pixels, fewer than --size "
                    f"{dataset.size}. Remove it or reduce --size"
                )
    return without(dataset, held_out) if held_out else dataset


def without(dataset: Dataset, style: str) -> Dataset:
    """The pictures of all other styles; raises SubjectsMissing where there is none of this one."""
    kept = tuple(picture for picture in dataset.pictures if picture.style != style)
    if len(kept) == len(dataset.pictures):
        styles = ", ".join(sorted({picture.style for picture in kept}))
        raise SubjectsMissing(f"{dataset.folder} has no images of the style {style} to hold out, only of {styles}")
    if len(kept) < PICTURES_LEAST:
        raise TooFewPictures(
            f"without {style}, {dataset.folder} has {len(kept)} images; at least {PICTURES_LEAST} are required"
        )
    return Dataset(dataset.folder, kept, dataset.size)


class EdgeLoss:
    """The mean absolute error, and a little of that of the differences between neighbours, which are the edges."""

    def __init__(self, patches: Patches, device: str) -> None:
        self._patches = patches
        self._device = torch.device(device)

    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        small, large = self._patches.draw(step, part)
        small = small.to(self._device, memory_format=torch.channels_last)
        # The cache of autocast is one for all threads, and emptied by the first that is done.
        with torch.autocast(self._device.type, torch.bfloat16, cache_enabled=False):
            told: Tensor = network(small)
        border = FACTOR * UNJUDGED
        inner = (..., slice(border, -border), slice(border, -border))
        told, large = told[inner], large.to(self._device)[inner]
        edges = l1_loss(told.diff(dim=-1), large.diff(dim=-1)) + l1_loss(told.diff(dim=-2), large.diff(dim=-2))
        return l1_loss(told, large) + EDGE_WEIGHT * edges


def softened_pictures(path: Path, pictures: Pixels, model_folder: Path) -> Pixels:
    """A quarter of the size and through the model's autoencoder, on white; kept in the file for a resumed run."""
    if not path.exists():
        from gpu_tasks.training.evaluation.evaluate import (  # slow to import, and seldom needed
            load_model,
            through_autoencoder,
        )

        side = pictures.shape[1] // FACTOR
        small = np.stack([np.asarray(small_on_white(picture, side)) for picture in pictures])
        partial = path.with_suffix(PARTIAL)
        save_file({"pictures": through_autoencoder(load_model(model_folder), small)}, partial)
        settle(partial, path)
    softened: Pixels = load_file(path)["pictures"]
    return softened


def small_on_white(picture: Pixels, side: int) -> Image.Image:
    return Image.fromarray(on_white(picture)).resize((side, side), Image.Resampling.BICUBIC)


def before_and_after(upscaler: Upscaler, pictures: Pixels, softened: Pixels | None) -> Pixels:
    """Rows of the same pictures: small, enlarged by bicubic, upscaled, and as they should be; softened ones after."""
    chosen = np.random.default_rng(SAMPLES_SEED).choice(len(pictures), COLUMNS, replace=len(pictures) < COLUMNS)
    side = pictures.shape[1]
    clean = [np.asarray(small_on_white(pictures[number], side // FACTOR)) for number in chosen]
    large = [on_white(pictures[number]) for number in chosen]
    rows = []
    for small in [clean] if softened is None else [clean, [softened[number] for number in chosen]]:
        rows += [enlarged(picture, side, Image.Resampling.NEAREST) for picture in small]
        rows += [enlarged(picture, side, Image.Resampling.BICUBIC) for picture in small]
        rows += [upscaler.upscale(picture, FACTOR) for picture in small]
    return np.stack([*rows, *large])


def enlarged(picture: Pixels, side: int, kind: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize((side, side), kind))


def recipe(arguments: argparse.Namespace, schedule: Schedule, plan: PatchPlan, dataset: Dataset) -> dict[str, Any]:
    """All that the result depends on."""
    return {
        "trains": "upscaler",
        "start": model_store.sha256_of(arguments.start / model_store.MANIFEST),
        "softened_by": arguments.softened_by and model_store.sha256_of(arguments.softened_by / model_store.MANIFEST),
        "pictures": digest(dataset.folder, dataset.pictures, dataset.size),
        **asdict(schedule),
        **asdict(plan),
    }


def digest(folder: Path, pictures: tuple[Picture, ...], size: int) -> str:
    result = hashlib.sha256(str(size).encode())
    for picture in pictures:
        result.update(model_store.sha256_of(folder / picture.file).encode())
    return result.hexdigest()
