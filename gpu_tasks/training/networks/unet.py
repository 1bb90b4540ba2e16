"""Train the UNet of a model folder on captioned pictures. Its other parts stay unchanged."""

from __future__ import annotations

import argparse
import copy
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from craftspark.errors.training import RecipeUnfit, SubjectsMissing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import manifests
from gpu_tasks.inference.families.stable_diffusion import LEARNING
from gpu_tasks.inference.learning import Noisy
from gpu_tasks.inference.model_store import open_pipeline
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset.dataset import Dataset, hash_pictures, read_names
from gpu_tasks.training.dataset.encoding import encode
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
    parser.add_argument(
        "--look",
        nargs="+",
        default=[],
        metavar="STYLE=WORD",
        help="the word that names a style in captions; images of one name are then one subject",
    )
    parser.add_argument(
        "--coupled",
        action="store_true",
        help="let the noise choose among the images of a caption, so that each seed draws one of them in few steps",
    )
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
        coupled=arguments.coupled,
    )
    looks = read_looks(arguments.look, arguments.style)
    manifests.check(arguments.start)
    pictures, pixels = select_pictures(Dataset.open(arguments.data), arguments.style, arguments.subjects)
    if arguments.names_only:
        pictures = [replace(picture, synonyms=()) for picture in pictures]
    facts = {"pictures": hash_pictures(pictures, pixels), "looks": looks, **asdict(objective)}
    recipe = build_recipe("unet", arguments, schedule, facts)
    this_run = Run.start(arguments.run, recipe)
    model = open_pipeline(arguments.start).to(arguments.device)
    path = this_run.folder / "examples.safetensors"
    examples = Examples.load_or_make(path, partial(encode, pictures, pixels, model, LEARNING, looks=looks))
    print(f"{len(pictures)} images, {len(examples.latents)} views, {examples.captions} captions", flush=True)
    on_gpu = model.device.type == "cuda"

    def sample(average: nn.Module, step: int) -> None:
        artist = replace_unet(model, average)
        write_grid(draw(artist, PROMPTS, seed=1), this_run.folder / "samples" / f"{step:08}.png")

    train(
        copy.deepcopy(model.unet),
        DenoisingLoss(
            # On a GPU, choosing the examples there takes less time than carrying them.
            examples.to(model.device),
            model,
            replace(LEARNING, predict=CapturedPrediction()) if on_gpu else LEARNING,
            objective,
            schedule.parts,
            arguments.device,
            ahead=on_gpu,
        ),
        this_run,
        schedule,
        read_intervals(arguments),
        on_sample=sample,
    )


def read_looks(pairs: list[str], styles: list[str] | None) -> dict[str, str]:
    """Return the words that name the looks of the styles. Raises RecipeUnfit if a style has none or two, or two have
    the same.
    """
    looks = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(looks) < len(pairs) or len({*looks.values()} - {""}) < len(looks):
        raise RecipeUnfit("--look needs STYLE=WORD for each style, with another word for each", field="look")
    if looks and {*looks} != {*(styles or ())}:
        raise RecipeUnfit("--look must name the same styles as --style", field="look")
    return looks


class CapturedPrediction:
    """The prediction of a UNet for batches of one shape, recorded with its gradients as CUDA graphs.

    A small UNet has so many short kernels that Python takes longer to start them than a GPU to compute them.
    """

    def __init__(self) -> None:
        self._captured: Any = None

    def __call__(self, _pipeline: Any, network: nn.Module, noisy: Noisy) -> Tensor:
        inputs = (noisy.latents, noisy.times, noisy.conditions["states"])
        if self._captured is None:
            torch.backends.cudnn.benchmark = True  # the shapes never change
            self._captured = torch.cuda.make_graphed_callables(Prediction(network), inputs)
        predicted: Tensor = self._captured(*inputs)
        return predicted


class Prediction(nn.Module):
    """A UNet that returns a tensor."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, latents: Tensor, times: Tensor, states: Tensor) -> Tensor:
        told: Tensor = self.unet(latents, times, states, return_dict=False)[0]
        return told


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
