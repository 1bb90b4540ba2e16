"""Train the UNet of a model folder on captioned pictures. Its other parts stay unchanged."""

from __future__ import annotations

import argparse
import copy
from dataclasses import asdict, replace
from pathlib import Path

from torch import nn

from craftspark.errors.training import SubjectsMissing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import manifests
from gpu_tasks.inference.families.stable_diffusion import LEARNING
from gpu_tasks.inference.model_store import open_pipeline
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset.dataset import Dataset, hash_pictures, read_names
from gpu_tasks.training.dataset.examples import Examples
from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.evaluation.evaluate import replace_unet
from gpu_tasks.training.evaluation.grid import PROMPTS, draw, write_grid
from gpu_tasks.training.loop import train
from gpu_tasks.training.networks.denoising import DenoisingLoss, Objective
from gpu_tasks.training.options import add_options, build_recipe, read_intervals, read_schedule


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, batch=64, rate=7e-4)
    parser.add_argument("--recoloured", type=float, default=0.5, help="fraction of recoloured images")
    parser.add_argument("--caption-dropout", type=float, default=0.1)
    add_choice(parser)
    parser.add_argument(
        "--names-only",
        action="store_true",
        help="use no synonyms in captions, because the text encoder maps them to names",
    )


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the dataset's images."""
    parser.add_argument("--style", nargs="+", help="use only images of these styles")
    parser.add_argument("--subjects", type=Path, help="use only the subjects in this file, one name per line")


def run(arguments: argparse.Namespace) -> None:
    """Train to the last step. Raises a TrainingError, or ModelUnavailable for a damaged start."""
    schedule = read_schedule(arguments)
    objective = Objective(
        seed=arguments.seed,
        batch=arguments.batch,
        recoloured=arguments.recoloured,
        caption_dropout=arguments.caption_dropout,
    )
    manifests.check(arguments.start)
    pictures, pixels = select_pictures(Dataset.open(arguments.data), arguments.style, arguments.subjects)
    if arguments.names_only:
        pictures = [replace(picture, synonyms=()) for picture in pictures]
    recipe = build_recipe(
        "unet", arguments, schedule, {"pictures": hash_pictures(pictures, pixels), **asdict(objective)}
    )
    this_run = Run.start(arguments.run, recipe)
    model = open_pipeline(arguments.start).to(arguments.device)
    examples = Examples.load_or_encode(this_run.folder / "examples.safetensors", pictures, pixels, model, LEARNING)
    variants = sum(1 + len(subject.recoloured) for subject in examples.subjects)
    print(f"{len(pictures)} images, {variants} with recoloured ones, {examples.captions} captions", flush=True)

    def sample(average: nn.Module, step: int) -> None:
        artist = replace_unet(model, average)
        write_grid(draw(artist, PROMPTS, seed=1), this_run.folder / "samples" / f"{step:08}.png")

    train(
        copy.deepcopy(model.unet),
        DenoisingLoss(examples, model, LEARNING, objective, schedule.parts, arguments.device),
        this_run,
        schedule,
        read_intervals(arguments),
        on_sample=sample,
    )


def select_pictures(
    dataset: Dataset, styles: list[str] | None, subjects: Path | None
) -> tuple[list[CaptionedPicture], Pixels]:
    """Return the pictures of the styles and the subjects. Raises SubjectsMissing for a style without pictures, or a
    subject that no style has.
    """
    names = read_names(subjects) if subjects else None
    chosen = dataset.only(styles=styles, names=names)
    missing = sorted((names or frozenset()) - {picture.name for picture in chosen.pictures})
    unknown = sorted({*(styles or ())} - {picture.style for picture in chosen.pictures})
    if unknown:
        raise SubjectsMissing(f"the dataset has no images of the style {', '.join(unknown)}")
    if missing or not chosen.pictures:
        of = f" of the style {', '.join(styles)}" if styles else ""
        raise SubjectsMissing(f"the dataset has no images{of} of {', '.join(missing[:10]) or 'anything'}")
    return list(chosen.pictures), chosen.pixels()
