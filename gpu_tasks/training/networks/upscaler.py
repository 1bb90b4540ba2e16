"""Train the upscaler from a model folder, on pairs of large pictures and scaled-down copies.

A whole style can be excluded from training, so that `gain` can measure on it.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from craftspark.errors.training import PictureTooSmall, RecipeUnfit, SubjectsMissing, TooFewPictures
from gpu_tasks.images.pixels import Pixels, flatten_on_white
from gpu_tasks.inference import manifests
from gpu_tasks.inference.file_hashes import hash_file
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.inference.upscaler_networks import UpscalerNetwork, open_trainable
from gpu_tasks.training.checkpoint import PARTIAL, Run, commit_file
from gpu_tasks.training.dataset.dataset import MANIFEST, MIN_PICTURES, Dataset
from gpu_tasks.training.dataset.patches import FACTOR, Patches, PatchPlan
from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.evaluation.grid import COLUMNS, write_grid
from gpu_tasks.training.loop import Schedule, train
from gpu_tasks.training.options import add_options, build_recipe, read_intervals, read_schedule

EDGE_WEIGHT = 0.1
IGNORED_BORDER = 4  # small pixels at a patch's border, where the network lacks context
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
    """Train to the last step. Raises a TrainingError, or ModelUnavailable for a damaged start."""
    schedule, plan = read_options(arguments)
    start = open_trainable(arguments.start)
    dataset = select_pictures(arguments.data, arguments.size, arguments.hold_out, patch=plan.patch)
    if arguments.softened_by:
        manifests.check(arguments.softened_by)
    facts = {
        "softened_by": arguments.softened_by and manifests.hash_model(arguments.softened_by),
        "pictures": hash_folder(dataset.folder, dataset.pictures, dataset.size),
        **asdict(plan),
    }
    this_run = Run.start(arguments.run, build_recipe("upscaler", arguments, schedule, facts))
    pictures = dataset.pixels()
    softened = None
    if arguments.softened_by:
        softened = load_or_soften(this_run.folder / "softened.safetensors", pictures, arguments.softened_by)
    print(f"{len(pictures)} images of {dataset.size} pixels", flush=True)

    def sample(average: nn.Module, step: int) -> None:
        judged = UpscalerNetwork(start.config)
        judged.load_state_dict(average.state_dict())
        grid = build_grid(Upscaler(judged, device=arguments.device), pictures, softened)
        write_grid(grid, this_run.folder / "samples" / f"{step:08}.png")

    network = start.to(arguments.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    train(
        network,
        EdgeLoss(Patches(pictures, softened, plan), arguments.device),
        this_run,
        schedule,
        read_intervals(arguments),
        on_sample=sample,
    )


def read_options(arguments: argparse.Namespace) -> tuple[Schedule, PatchPlan]:
    """Return schedule and plan. Raises RecipeUnfit for invalid numbers."""
    schedule = read_schedule(arguments)
    if arguments.patch <= 2 * IGNORED_BORDER:
        raise RecipeUnfit(f"--patch {arguments.patch} must be more than {2 * IGNORED_BORDER} pixels")
    if not 0 <= arguments.softened <= 1:
        raise RecipeUnfit(f"--softened {arguments.softened} must be a fraction from 0 to 1")
    return schedule, PatchPlan(
        seed=arguments.seed,
        batch=arguments.batch // arguments.parts,
        patch=arguments.patch,
        softened=arguments.softened if arguments.softened_by else 0.0,
    )


def select_pictures(folder: Path, size: int, held_out: str | None, *, patch: int) -> Dataset:
    """Return the training pictures. Raises a TrainingError if they are too few or too small."""
    dataset = Dataset.open(folder) if (folder / MANIFEST).is_file() else Dataset.from_folder(folder, size)
    min_side = FACTOR * patch
    if dataset.size < min_side or dataset.size % FACTOR:
        raise PictureTooSmall(
            f"the images in {folder} have {dataset.size} pixels per side; a patch of {patch} pixels needs at least "
            f"{min_side}, and a multiple of {FACTOR}. Build the dataset with a larger --size or reduce --patch"
        )
    for picture in dataset.pictures:
        with Image.open(folder / picture.file) as image:
            if max(image.size) < dataset.size:
                raise PictureTooSmall(
                    f"{picture.file} in {folder} has {image.width} x {image.height} pixels, fewer than --size "
                    f"{dataset.size}. Remove it or reduce --size"
                )
    return exclude_style(dataset, held_out) if held_out else dataset


def exclude_style(dataset: Dataset, style: str) -> Dataset:
    """Return the pictures of all other styles. Raises SubjectsMissing if this one has none."""
    kept = tuple(picture for picture in dataset.pictures if picture.style != style)
    if len(kept) == len(dataset.pictures):
        styles = ", ".join(sorted({picture.style for picture in kept}))
        raise SubjectsMissing(f"{dataset.folder} has no images of the style {style} to hold out, only of {styles}")
    if len(kept) < MIN_PICTURES:
        raise TooFewPictures(
            f"without {style}, {dataset.folder} has {len(kept)} images; at least {MIN_PICTURES} are required"
        )
    return Dataset(dataset.folder, kept, dataset.size)


class EdgeLoss:
    """The mean absolute error, plus a share of the error of differences between neighbours, which are the edges."""

    def __init__(self, patches: Patches, device: str) -> None:
        self._patches = patches
        self._device = torch.device(device)

    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        small, large = self._patches.draw(step, part)
        small = small.to(self._device, memory_format=torch.channels_last)
        # All threads share autocast's cache, and the first one that ends clears it.
        with torch.autocast(self._device.type, torch.bfloat16, cache_enabled=False):
            told: Tensor = network(small)
        border = FACTOR * IGNORED_BORDER
        inner = (..., slice(border, -border), slice(border, -border))
        told, large = told[inner], large.to(self._device)[inner]
        edges = l1_loss(told.diff(dim=-1), large.diff(dim=-1)) + l1_loss(told.diff(dim=-2), large.diff(dim=-2))
        return l1_loss(told, large) + EDGE_WEIGHT * edges


def load_or_soften(path: Path, pictures: Pixels, model_folder: Path) -> Pixels:
    """Return the pictures on white at a quarter of the size, after the model's autoencoder. They are stored in the file
    for a resumed run.
    """
    if not path.exists():
        from gpu_tasks.inference.model_store import open_pipeline  # slow to import, and rarely needed
        from gpu_tasks.training.evaluation.evaluate import reconstruct

        side = pictures.shape[1] // FACTOR
        small = np.stack([np.asarray(shrink_on_white(picture, side)) for picture in pictures])
        partial = path.with_suffix(PARTIAL)
        save_file({"pictures": reconstruct(open_pipeline(model_folder), small)}, partial)
        commit_file(partial, path)
    softened: Pixels = load_file(path)["pictures"]
    return softened


def shrink_on_white(picture: Pixels, side: int) -> Image.Image:
    return Image.fromarray(flatten_on_white(picture)).resize((side, side), Image.Resampling.BICUBIC)


def build_grid(upscaler: Upscaler, pictures: Pixels, softened: Pixels | None) -> Pixels:
    """Return rows of the same pictures: small, enlarged by bicubic interpolation, upscaled, and original; then softened
    ones.
    """
    chosen = np.random.default_rng(SAMPLES_SEED).choice(len(pictures), COLUMNS, replace=len(pictures) < COLUMNS)
    side = pictures.shape[1]
    clean = [np.asarray(shrink_on_white(pictures[number], side // FACTOR)) for number in chosen]
    large = [flatten_on_white(pictures[number]) for number in chosen]
    rows = []
    for small in [clean] if softened is None else [clean, [softened[number] for number in chosen]]:
        rows += [enlarge(picture, side, Image.Resampling.NEAREST) for picture in small]
        rows += [enlarge(picture, side, Image.Resampling.BICUBIC) for picture in small]
        rows += [upscaler.upscale(picture, FACTOR) for picture in small]
    return np.stack([*rows, *large])


def enlarge(picture: Pixels, side: int, kind: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize((side, side), kind))


def hash_folder(folder: Path, pictures: tuple[CaptionedPicture, ...], size: int) -> str:
    result = hashlib.sha256(str(size).encode())
    for picture in pictures:
        result.update(hash_file(folder / picture.file).encode())
    return result.hexdigest()
