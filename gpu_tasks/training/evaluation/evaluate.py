"""`python -m gpu_tasks.training evaluate MODEL_FOLDER LIKENESS DATA` measures a model.

- Subjects: 200 prompts, 4 seeds each, drawn as the catalogue draws by default. The likeness encoder ranks the names
  of all subjects for each picture; the right one first is top-1, among the first five top-5.
- Beside them the training pictures' own figures, as they are and as they come back from the model's autoencoder: no
  model can be expected to do better. With the right subjects shuffled, a sane measure finds chance.
- Few steps: the mean cosine between pictures and prompts at 8 steps over that at 20.
- Colour: 60 prompts of the kind `blue apple`; the share of pictures whose dominant colour is the one asked for. That
  is the colour name with the largest area: the white ground around the subject is left out, each other pixel has the
  name of the nearest shade (colours.py), and black, grey and white count half, since outlines and eyes are no colour.
  A blob obeys that too. So the subject is looked for as well, in grey, since the encoder takes colour for a trait of
  the subject: `with_subject` is the share where the colour is right and the dataset's picture of the subject is among
  the five nearest. Beside it stands what the dataset's own pictures reach when they are recoloured: the most to expect.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils import logging as diffusers_log
from torch import Tensor, nn

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.model_store import check
from gpu_tasks.training.dataset.colours import dominant_colour, recoloured
from gpu_tasks.training.dataset.dataset import Dataset, on_white, read_names
from gpu_tasks.training.errors import SubjectsMissing, TrainingError
from gpu_tasks.training.evaluation.encoder import Likeness, ranks
from gpu_tasks.training.evaluation.grid import draw, write_grid
from gpu_tasks.training.evaluation.lessons import names_of
from gpu_tasks.training.evaluation.prompts import Prompt, colour_prompts, subject_prompts

MANY_STEPS, FEW_STEPS = 20, 8
AT_ONCE = 8
GRID = 40  # pictures, of as many prompts
SUBJECTS = Path(__file__).parents[1] / "subjects.txt"

Figures = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL_FOLDER")
    parser.add_argument("likeness", type=Path, metavar="LIKENESS", help="folder written by the command likeness")
    parser.add_argument("data", type=Path, metavar="DATA", help="dataset folder")
    parser.add_argument("--subjects", type=Path, default=SUBJECTS, help="file with the subjects, one name per line")
    parser.add_argument("--style", default="twemoji", help="style that the model was trained on")
    parser.add_argument(
        "--judge",
        type=Path,
        metavar="JUDGE_FOLDER",
        help="model folder that LIKENESS was trained for, if it is not MODEL_FOLDER",
    )
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file and image grids next to it")


def run(arguments: argparse.Namespace) -> None:
    """Measure and print; with --out also write. Raises a TrainingError or ModelUnavailable before drawing."""
    if arguments.prompts < 1 or arguments.seeds < 1:
        raise TrainingError("at least one prompt and one seed are required")
    names = read_names(arguments.subjects)
    dataset = Dataset.open(arguments.data).only(style=arguments.style, names=names)
    if missing := names - {picture.name for picture in dataset.pictures}:
        raise SubjectsMissing(f"{arguments.data} has no {arguments.style} images of {', '.join(sorted(missing)[:10])}")
    likeness = Likeness.open(arguments.likeness, arguments.judge or arguments.model)
    model = load_model(arguments.model)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
    figures, grids = evaluate(model, likeness, dataset, prompts=arguments.prompts, seeds=range(1, arguments.seeds + 1))
    figures = {"model": arguments.model.name, "style": arguments.style, **figures}
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.out:
        for name, pictures in grids.items():
            write_grid(pictures, arguments.out.with_name(f"{arguments.out.stem}-{name}.png"))
        arguments.out.write_text(text + "\n")


def load_model(folder: Path) -> Any:
    """A checked model folder as a pipeline on the CPU, in single precision."""
    check(folder)
    diffusers_log.disable_progress_bar()
    model = StableDiffusionPipeline.from_pretrained(
        folder, dtype=torch.float32, safety_checker=None, local_files_only=True
    )
    model.set_progress_bar_config(disable=True)
    return model


def with_unet(model: Any, unet: nn.Module) -> Any:
    """The pipeline with another UNet, all else shared."""
    artist = StableDiffusionPipeline(**{**model.components, "unet": unet}, requires_safety_checker=False)
    artist.set_progress_bar_config(disable=True)
    return artist


def by_steps(
    model: Any, likeness: Likeness, asked: Sequence[Prompt], places: Tensor, seeds: Sequence[int]
) -> dict[int, tuple[Pixels, Figures, float]]:
    """The pictures of the prompts, their figures and their mean cosine, with few steps and with many."""
    result = {}
    for steps in (FEW_STEPS, MANY_STEPS):
        pictures = drawn(model, [prompt.text for prompt in asked], seeds, steps)
        result[steps] = (
            pictures,
            *subject_figures(likeness.of_pictures(pictures), likeness, asked, places, len(seeds)),
        )
    return result


def evaluate(
    model: Any, likeness: Likeness, dataset: Dataset, *, prompts: int, seeds: Sequence[int]
) -> tuple[Figures, dict[str, Pixels]]:
    """All figures, and a grid by its name; the dataset has one picture for each subject."""
    subjects, asked = subject_prompts(names_of(dataset), prompts)
    places = likeness.of_texts(subjects)
    figures: Figures = {"subjects": len(subjects), "prompts": len(asked), "seeds": len(seeds)}
    figures["training_pictures"] = own_figures(model, likeness, dataset, subjects, places)
    grids, cosines = {}, {}
    for steps, (pictures, found, cosine) in by_steps(model, likeness, asked, places, seeds).items():
        grids[f"{steps}-steps"], figures[f"steps_{steps}"], cosines[steps] = pictures[:GRID], found, cosine
    figures["few_step_ratio"] = rounded(cosines[FEW_STEPS] / cosines[MANY_STEPS])
    if coloured := colour_prompts(subjects):
        pictures = drawn(model, [prompt.text for prompt in coloured], seeds, FEW_STEPS)
        grids["colours"] = pictures[: len(coloured)]
        figures["colours"] = colour_figures(pictures, coloured * len(seeds), likeness, by_subject(dataset, subjects))
    return figures, grids


def drawn(model: Any, prompts: Sequence[str], seeds: Sequence[int], steps: int) -> Pixels:
    """A picture for each prompt with the first seed, then with the next; always as many in a call, as rounding asks."""
    parts, began, wanted = [], time.monotonic(), len(prompts) * len(seeds)
    for seed in seeds:
        for first in range(0, len(prompts), AT_ONCE):
            wave = list(prompts[first : first + AT_ONCE])
            parts.append(draw(model, wave + wave[-1:] * (AT_ONCE - len(wave)), seed=seed, steps=steps)[: len(wave)])
        done = sum(map(len, parts))
        left = (time.monotonic() - began) * (wanted - done) / done
        print(f"{done} of {wanted} images at {steps} steps, {left:.0f} s left", file=sys.stderr, flush=True)
    return np.concatenate(parts)


def subject_figures(
    found: Tensor, likeness: Likeness, asked: Sequence[Prompt], subjects: Tensor, seeds: int
) -> tuple[Figures, float]:
    """Shares of the pictures whose right subject is first, and among the first five; and the mean cosine."""
    place = ranks(found, subjects, [prompt.subject for prompt in asked] * seeds)
    everyday = torch.tensor([prompt.everyday for prompt in asked] * seeds)
    wrong = np.random.default_rng(0).permutation(len(asked))
    shuffled = ranks(found, subjects, [asked[index].subject for index in wrong] * seeds)
    named = likeness.of_texts([prompt.text for prompt in asked]).repeat(seeds, 1)
    cosine = (found * named).sum(-1).mean().item()
    result = {**tops(place), "cosine": rounded(cosine), "chance_top5": tops(shuffled)["top5"]}
    for kind, those in (("named", ~everyday), ("everyday", everyday)):
        if those.any():
            result[kind] = tops(place[those])
    return result, cosine


def own_figures(model: Any, likeness: Likeness, dataset: Dataset, subjects: list[str], places: Tensor) -> Figures:
    """The same of the dataset's pictures, as they are and through the model's autoencoder."""
    pictures = on_white(dataset.pixels())
    right = [subjects.index(picture.name) for picture in dataset.pictures]
    seen = {"as_they_are": pictures, "through_autoencoder": through_autoencoder(model, pictures)}
    return {name: tops(ranks(likeness.of_pictures(those), places, right)) for name, those in seen.items()}


@torch.no_grad()
def through_autoencoder(model: Any, pictures: Pixels) -> Pixels:
    """Pictures (N, height, width, 3) encoded and decoded."""
    parts = []
    for first in range(0, len(pictures), AT_ONCE):
        batch = torch.from_numpy(pictures[first : first + AT_ONCE]).permute(0, 3, 1, 2).float() / 127.5 - 1
        back = model.vae.decode(model.vae.encode(batch.to(model.device)).latent_dist.mode()).sample
        parts.append(((back.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(parts)


def by_subject(dataset: Dataset, subjects: Sequence[str]) -> Pixels:
    """The dataset's pictures in the order of the subjects, RGBA."""
    place = {picture.name: index for index, picture in enumerate(dataset.pictures)}
    pixels: Pixels = dataset.pixels()[[place[name] for name in subjects]]
    return pixels


def colour_figures(pictures: Pixels, asked: Sequence[Prompt], likeness: Likeness, originals: Pixels) -> Figures:
    """The share of pictures that have the colour asked for, in all, for each colour, and with the right subject."""
    shapes = likeness.of_pictures(in_grey(on_white(originals)))
    right = [dominant_colour(picture)[0] == prompt.colour for picture, prompt in zip(pictures, asked, strict=True)]
    place = ranks(likeness.of_pictures(in_grey(pictures)), shapes, [prompt.subject for prompt in asked]).tolist()
    by_colour: dict[str, list[bool]] = {}
    for prompt, hit in zip(asked, right, strict=True):
        by_colour.setdefault(prompt.colour, []).append(hit)
    figures = {"obeyed": share(right), **{colour: share(hits) for colour, hits in by_colour.items()}}
    figures["with_subject"] = share([hit and rank <= 5 for hit, rank in zip(right, place, strict=True)])
    figures["with_subject_recoloured"] = share(
        [rank <= 5 for rank in recoloured_ranks(asked, likeness, originals, shapes)]
    )
    return figures


def recoloured_ranks(asked: Sequence[Prompt], likeness: Likeness, originals: Pixels, shapes: Tensor) -> list[int]:
    """The ranks of the right subjects for the dataset's own pictures in the colours asked for, where that can be."""
    wanted = {(prompt.subject, prompt.colour) for prompt in asked}
    painted = {key: recoloured(originals[key[0]], key[1]) for key in sorted(wanted)}
    done = {key: on_white(picture) for key, picture in painted.items() if picture is not None}
    if not done:
        return []
    places = likeness.of_pictures(in_grey(np.stack(list(done.values()))))
    found: list[int] = ranks(places, shapes, [subject for subject, _ in done]).tolist()
    return found


def in_grey(pictures: Pixels) -> Pixels:
    """RGB pictures without their colours, of the same shape."""
    return np.repeat(pictures.mean(-1, keepdims=True).round().astype(np.uint8), 3, -1)


def tops(place: Tensor) -> Figures:
    return {f"top{limit}": share((place <= limit).tolist()) for limit in (1, 5)}


def share(hits: Sequence[bool]) -> float:
    return rounded(sum(hits) / len(hits)) if hits else 0.0


def rounded(value: float) -> float:
    return round(value, 4)
