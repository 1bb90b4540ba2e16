"""`python -m gpu_tasks.training evaluate MODEL_FOLDER LIKENESS DATA` measures a model.

- Subjects: 200 prompts with 4 seeds each, drawn with the catalogue's defaults. For each picture, the likeness encoder
ranks the names of all subjects: the correct one first is top-1, among the first five top-5. - For comparison, the same
figures of the training pictures, unchanged and after the model's autoencoder: no model can be better. With shuffled
subjects, a correct measure returns chance. - Few steps: the mean cosine between pictures and prompts at 8 steps,
divided by that at 20. - Colour: 60 prompts such as `blue apple`; the share of pictures whose dominant colour is the
requested one. That is the colour name with the largest area: the white background is left out, each other pixel has the
name of the nearest shade (colours.py), and black, grey and white count half, because outlines and eyes are not the
object's colour. - Colour with subject: a blob of colour would pass too, so the subject is checked in grey, because the
encoder treats colour as a property of the subject. `with_subject` is the share where the colour is correct and the
dataset's picture of the subject is among the five nearest. For comparison, the dataset's own recoloured pictures give
the maximum.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor, nn

from craftspark.errors.training import RecipeUnfit, SubjectsMissing
from gpu_tasks.chunks import split_chunks
from gpu_tasks.images.pixels import Pixels, flatten_on_white
from gpu_tasks.inference.encoders.likeness import Likeness, rank_cosines, rank_subjects
from gpu_tasks.inference.model_store import open_pipeline
from gpu_tasks.training.dataset.colours import find_dominant_colour, recolour
from gpu_tasks.training.dataset.dataset import Dataset, read_names
from gpu_tasks.training.evaluation.grid import draw, write_grid
from gpu_tasks.training.evaluation.likeness_data import list_names
from gpu_tasks.training.evaluation.prompts import Prompt, build_colour_prompts, build_subject_prompts

MANY_STEPS, FEW_STEPS = 20, 8
AT_ONCE = 8
GRID = 40  # pictures, one for each prompt
SUBJECTS = Path(__file__).parents[1] / "subjects.txt"
STYLES = ("twemoji", "noto", "fluent-emoji-flat")  # of the built-in model

Figures = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL_FOLDER")
    parser.add_argument("likeness", type=Path, metavar="LIKENESS", help="folder written by the command likeness")
    parser.add_argument("data", type=Path, metavar="DATA", help="dataset folder")
    parser.add_argument("--subjects", type=Path, default=SUBJECTS, help="file with the subjects, one name per line")
    parser.add_argument("--style", nargs="+", default=list(STYLES), help="styles that the model was trained on")
    parser.add_argument(
        "--likeness-model",
        type=Path,
        metavar="LIKENESS_MODEL_FOLDER",
        help="model folder that LIKENESS was trained for, if it is not MODEL_FOLDER",
    )
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file and image grids next to it")


def run(arguments: argparse.Namespace) -> None:
    """Measure and print the figures; with --out, also write them. Raises RecipeUnfit or ModelUnavailable before
    drawing.
    """
    if arguments.prompts < 1 or arguments.seeds < 1:
        raise RecipeUnfit("at least one prompt and one seed are required")
    names = read_names(arguments.subjects)
    dataset = Dataset.open(arguments.data).only(styles=arguments.style, names=names)
    if missing := names - {picture.name for picture in dataset.pictures}:
        raise SubjectsMissing(
            f"{arguments.data} has no {' or '.join(arguments.style)} images of {', '.join(sorted(missing)[:10])}"
        )
    likeness = Likeness.open(arguments.likeness, arguments.likeness_model or arguments.model)
    model = open_pipeline(arguments.model)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
    figures, grids = evaluate(model, likeness, dataset, prompts=arguments.prompts, seeds=range(1, arguments.seeds + 1))
    figures = {"model": arguments.model.name, "styles": arguments.style, **figures}
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.out:
        for name, pictures in grids.items():
            write_grid(pictures, arguments.out.with_name(f"{arguments.out.stem}-{name}.png"))
        arguments.out.write_text(text + "\n")


def replace_unet(model: Any, unet: nn.Module) -> Any:
    """Return the pipeline with another UNet and all other components shared."""
    artist = StableDiffusionPipeline(**{**model.components, "unet": unet}, requires_safety_checker=False)
    artist.set_progress_bar_config(disable=True)
    return artist


def draw_by_steps(
    model: Any, likeness: Likeness, asked: Sequence[Prompt], places: Tensor, seeds: Sequence[int]
) -> dict[int, tuple[Pixels, Figures, float]]:
    """Return the pictures of the prompts, their figures and their mean cosine, for few and for many steps."""
    result = {}
    for steps in (FEW_STEPS, MANY_STEPS):
        pictures = draw_prompts(model, [prompt.text for prompt in asked], seeds, steps)
        result[steps] = (
            pictures,
            *measure_subjects(likeness.embed_pictures(pictures), likeness, asked, places, len(seeds)),
        )
    return result


def evaluate(
    model: Any, likeness: Likeness, dataset: Dataset, *, prompts: int, seeds: Sequence[int]
) -> tuple[Figures, dict[str, Pixels]]:
    """Return all figures, and grids by name. The dataset has at most one picture of each subject in a style."""
    subjects, asked = build_subject_prompts(list_names(dataset), prompts)
    places = likeness.embed_texts(subjects)
    figures: Figures = {"subjects": len(subjects), "prompts": len(asked), "seeds": len(seeds)}
    figures["training_pictures"] = measure_dataset(model, likeness, dataset, subjects, places)
    grids, cosines = {}, {}
    for steps, (pictures, found, cosine) in draw_by_steps(model, likeness, asked, places, seeds).items():
        grids[f"{steps}-steps"], figures[f"steps_{steps}"], cosines[steps] = pictures[:GRID], found, cosine
    figures["few_step_ratio"] = round_value(cosines[FEW_STEPS] / cosines[MANY_STEPS])
    if coloured := build_colour_prompts(subjects):
        pictures = draw_prompts(model, [prompt.text for prompt in coloured], seeds, FEW_STEPS)
        grids["colours"] = pictures[: len(coloured)]
        figures["colours"] = measure_colours(pictures, coloured * len(seeds), likeness, Originals.of(dataset, subjects))
    return figures, grids


def draw_prompts(model: Any, prompts: Sequence[str], seeds: Sequence[int], steps: int) -> Pixels:
    """Draw a picture for each prompt with the first seed, then with the next. All calls have the same size, for equal
    rounding.
    """
    parts, began, wanted = [], time.monotonic(), len(prompts) * len(seeds)
    for seed in seeds:
        for call in split_chunks(prompts, AT_ONCE):
            wave = list(call)
            parts.append(draw(model, wave + wave[-1:] * (AT_ONCE - len(wave)), seed=seed, steps=steps)[: len(wave)])
        done = sum(map(len, parts))
        left = (time.monotonic() - began) * (wanted - done) / done
        print(f"{done} of {wanted} images at {steps} steps, {left:.0f} s left", file=sys.stderr, flush=True)
    return np.concatenate(parts)


def measure_subjects(
    found: Tensor, likeness: Likeness, asked: Sequence[Prompt], subjects: Tensor, seeds: int
) -> tuple[Figures, float]:
    """Return the shares of pictures whose correct subject is first and among the first five, and the mean cosine."""
    place = rank_subjects(found, subjects, [prompt.subject for prompt in asked] * seeds)
    everyday = torch.tensor([prompt.everyday for prompt in asked] * seeds)
    wrong = np.random.default_rng(0).permutation(len(asked))
    shuffled = rank_subjects(found, subjects, [asked[index].subject for index in wrong] * seeds)
    named = likeness.embed_texts([prompt.text for prompt in asked]).repeat(seeds, 1)
    cosine = (found * named).sum(-1).mean().item()
    result = {**compute_tops(place), "cosine": round_value(cosine), "chance_top5": compute_tops(shuffled)["top5"]}
    for kind, those in (("named", ~everyday), ("everyday", everyday)):
        if those.any():
            result[kind] = compute_tops(place[those])
    return result, cosine


def measure_dataset(model: Any, likeness: Likeness, dataset: Dataset, subjects: list[str], places: Tensor) -> Figures:
    """Return the same figures of the dataset's pictures, unchanged and after the model's autoencoder."""
    pictures = flatten_on_white(dataset.pixels())
    right = [subjects.index(picture.name) for picture in dataset.pictures]
    seen = {"as_they_are": pictures, "through_autoencoder": reconstruct(model, pictures)}
    return {
        name: compute_tops(rank_subjects(likeness.embed_pictures(those), places, right)) for name, those in seen.items()
    }


@torch.no_grad()
def reconstruct(model: Any, pictures: Pixels) -> Pixels:
    """Encode and decode pictures (N, height, width, 3)."""
    parts = []
    for first in range(0, len(pictures), AT_ONCE):
        batch = torch.from_numpy(pictures[first : first + AT_ONCE]).permute(0, 3, 1, 2).float() / 127.5 - 1
        back = model.vae.decode(model.vae.encode(batch.to(model.device)).latent_dist.mode()).sample
        parts.append(to_pixels(back))
    return np.concatenate(parts)


def to_pixels(pictures: Tensor) -> Pixels:
    """Convert pictures (N, 3, height, width), -1 to 1, to bytes (N, height, width, 3)."""
    pixels: Pixels = ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return pixels


@dataclass(frozen=True)
class Originals:
    """The dataset's pictures (N, side, side, 4), and the index of each one's subject."""

    pixels: Pixels
    subjects: Sequence[int]

    @classmethod
    def of(cls, dataset: Dataset, subjects: Sequence[str]) -> Originals:
        number = {name: index for index, name in enumerate(subjects)}
        return cls(dataset.pixels(), [number[picture.name] for picture in dataset.pictures])

    def rank(self, places: Tensor, right: Sequence[int], shapes: Tensor) -> Tensor:
        """Return the rank of each picture's correct subject by the nearest original of each; `shapes` (N, ...)."""
        cosines = places @ shapes.T
        owners = torch.tensor(list(self.subjects)).expand(len(places), -1)
        nearest = torch.full((len(places), max(self.subjects) + 1), -1.0).scatter_reduce(1, owners, cosines, "amax")
        return rank_cosines(nearest, right)


def measure_colours(pictures: Pixels, asked: Sequence[Prompt], likeness: Likeness, originals: Originals) -> Figures:
    """Return the share of pictures with the requested colour: in total, by colour, and with the correct subject."""
    shapes = likeness.embed_pictures(to_grey(flatten_on_white(originals.pixels)))
    right = [find_dominant_colour(picture)[0] == prompt.colour for picture, prompt in zip(pictures, asked, strict=True)]
    seen = likeness.embed_pictures(to_grey(pictures))
    place = originals.rank(seen, [prompt.subject for prompt in asked], shapes).tolist()
    by_colour: dict[str, list[bool]] = {}
    for prompt, hit in zip(asked, right, strict=True):
        by_colour.setdefault(prompt.colour, []).append(hit)
    figures = {"obeyed": compute_share(right), **{colour: compute_share(hits) for colour, hits in by_colour.items()}}
    figures["with_subject"] = compute_share([hit and rank <= 5 for hit, rank in zip(right, place, strict=True)])
    figures["with_subject_recoloured"] = compute_share(
        [rank <= 5 for rank in rank_recoloured(asked, likeness, originals, shapes)]
    )
    return figures


def rank_recoloured(asked: Sequence[Prompt], likeness: Likeness, originals: Originals, shapes: Tensor) -> list[int]:
    """Return the ranks of the correct subjects for the dataset's own pictures in the requested colours, if possible."""
    wanted = sorted({(prompt.subject, prompt.colour) for prompt in asked})
    done = [
        (subject, flatten_on_white(painted))
        for subject, colour in wanted
        for picture, owner in zip(originals.pixels, originals.subjects, strict=True)
        if owner == subject and (painted := recolour(picture, colour)) is not None
    ]
    if not done:
        return []
    places = likeness.embed_pictures(to_grey(np.stack([picture for _, picture in done])))
    found: list[int] = originals.rank(places, [subject for subject, _ in done], shapes).tolist()
    return found


def to_grey(pictures: Pixels) -> Pixels:
    """Return RGB pictures without their colours, in the same shape."""
    return np.repeat(pictures.mean(-1, keepdims=True).round().astype(np.uint8), 3, -1)


def compute_tops(place: Tensor) -> Figures:
    return {f"top{limit}": compute_share((place <= limit).tolist()) for limit in (1, 5)}


def compute_share(hits: Sequence[bool]) -> float:
    return round_value(sum(hits) / len(hits)) if hits else 0.0


def round_value(value: float) -> float:
    return round(value, 4)
