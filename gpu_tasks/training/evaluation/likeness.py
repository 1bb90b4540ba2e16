"""`python -m gpu_tasks.training likeness DATA OUT` trains the likeness encoder.

Each picture learns to be nearer to its own name than to every other name of the dataset (cross-entropy over all names),
and near to its synonyms. One picture in twenty whose subject also has another style is held out. Their figures show how
the encoder handles unseen pictures.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from craftspark.errors.training import LossNotFinite, RecipeUnfit
from gpu_tasks.inference.encoders.likeness import Likeness, LikenessConfig, PictureNetwork, TextEmbedder, rank_subjects
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.training.dataset.augmentation import augment
from gpu_tasks.training.dataset.dataset import Dataset, read_names
from gpu_tasks.training.errors import LikenessBroken
from gpu_tasks.training.evaluation.likeness_data import AT_ONCE, LikenessData, list_names, prepare

STARTING_MODEL = BUILT_IN / "craftspark-clipart-128"
LEARNING_RATE = 2e-3
WARM_UP = 100  # steps
SCALE = 20.0  # initial scale of the cosines in the cross-entropy; it is trained
WORD_WEIGHT = 0.5
WEIGHT_DECAY = 0.02
REPORT_EVERY_S = 20


@dataclass(frozen=True)
class TrainingLimit:
    """The length of the training: `steps`, or the minutes if they end first. Only steps give the same weights again."""

    steps: int
    minutes: float | None
    seed: int
    batch: int = 64

    def share(self, step: int, elapsed_s: float) -> float:
        """Return the completed share, 0 to 1."""
        by_time = elapsed_s / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_time))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DATA", help="dataset folder")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write; must not exist")
    parser.add_argument("--model", type=Path, default=STARTING_MODEL, help="model folder with the text encoder")
    parser.add_argument("--subjects", type=Path, help="sample the subjects in this file more often, one name per line")
    parser.add_argument("--style", help="hold out no images of this style, the training style of the model to evaluate")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--minutes", type=float, help="time limit in minutes, in addition to the number of steps")
    parser.add_argument("--seed", type=int, default=0)


def run(arguments: argparse.Namespace) -> None:
    """Train, measure and save. Raises RecipeUnfit before the training."""
    if arguments.out.exists():
        raise LikenessBroken(f"{arguments.out} already exists; remove it or choose another folder")
    dataset = Dataset.open(arguments.data)
    favoured = read_names(arguments.subjects) if arguments.subjects else frozenset()
    if arguments.steps < 1 or (arguments.minutes is not None and arguments.minutes <= 0):
        raise RecipeUnfit(f"--steps {arguments.steps} or --minutes {arguments.minutes} is too small")
    effort = TrainingLimit(arguments.steps, arguments.minutes, arguments.seed)
    likeness, report = train(
        dataset,
        TextEmbedder(arguments.model),
        effort,
        favoured=favoured,
        whole_style=arguments.style,
    )
    likeness.save(arguments.out, report=report)
    print(" ".join(f"{name}={value:.4g}" for name, value in report.items()))


def train(
    dataset: Dataset,
    texts: TextEmbedder,
    effort: TrainingLimit,
    *,
    favoured: frozenset[str] = frozenset(),
    whole_style: str | None = None,
    side: int = 64,
    widths: tuple[int, ...] = LikenessConfig.widths,
) -> tuple[Likeness, dict[str, float]]:
    """Return a likeness encoder and its figures. Raises LossNotFinite."""
    config = LikenessConfig(text_width=texts.width, text_encoder=texts.sha256, side=side, widths=widths)
    text_mean = texts.states(list_names(dataset)).mean(0)
    lessons = prepare(dataset, texts, text_mean, side, favoured=favoured, whole_style=whole_style, seed=effort.seed)
    with torch.random.fork_rng():
        torch.manual_seed(effort.seed)
        network = PictureNetwork(config)
    steps = learn(network, lessons, effort)
    facts = {"steps": steps, "seed": effort.seed, "names": len(lessons.name_places)}
    return Likeness(config, network.eval(), text_mean, texts), facts | measure(network, lessons)


def learn(network: PictureNetwork, lessons: LikenessData, effort: TrainingLimit) -> int:
    """Train the network in place. Returns the number of steps."""
    generator = torch.Generator().manual_seed(effort.seed)
    draws = np.random.default_rng(effort.seed)
    scale = nn.Parameter(torch.tensor(SCALE).log())
    optimizer = torch.optim.AdamW([*network.parameters(), scale], weight_decay=WEIGHT_DECAY)
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    began = told = time.monotonic()
    step = 0
    while (share := effort.share(step, time.monotonic() - began)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = compute_rate(step, share)
        optimizer.zero_grad(set_to_none=True)
        loss = compute_loss(network, lessons, *lessons.draw(effort.batch, draws), scale, generator)
        if not loss.isfinite():
            raise LossNotFinite(f"the loss of the likeness encoder is not finite at step {step}", step=step)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        if time.monotonic() - told > REPORT_EVERY_S:
            told = time.monotonic()
            left = (told - began) * (1 / max(share, 1e-6) - 1)
            print(f"step {step} loss {loss.item():.3f}, {share:.0%}, {left:.0f} s left", file=sys.stderr, flush=True)
    return step


def compute_rate(step: int, share: float) -> float:
    """Return the learning rate: a warm-up, then half a cosine down to a hundredth."""
    return LEARNING_RATE * min(1, (step + 1) / WARM_UP) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def compute_loss(
    network: PictureNetwork,
    lessons: LikenessData,
    pictures: list[int],
    words: list[int],
    scale: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Return the cross-entropy over all names, plus the distance to one of each picture's own words."""
    batch = augment(lessons.pictures[pictures].float() / 255, generator)
    with torch.autocast("cpu", torch.bfloat16):
        places = network(batch.to(memory_format=torch.channels_last))
    by_name = cross_entropy(scale.exp() * places @ lessons.name_places.T, lessons.names[pictures])
    by_word = (1 - (places * lessons.word_places[words]).sum(-1)).mean()
    loss: Tensor = by_name + WORD_WEIGHT * by_word
    return loss


@torch.no_grad()
def measure(network: PictureNetwork, lessons: LikenessData) -> dict[str, float]:
    """Return the share of pictures whose own name is first, and among the first five, of all names."""
    result = {}
    for kind in ("learned", "favoured", "held_out", "favoured_held_out"):
        indexes = getattr(lessons, kind)
        if not indexes:
            continue
        parts = torch.split(torch.tensor(indexes), AT_ONCE)
        places = torch.cat([network(lessons.pictures[part].float() / 255) for part in parts])
        found = rank_subjects(places, lessons.name_places, lessons.names[indexes].tolist())
        result[f"{kind}_top1"] = (found <= 1).float().mean().item()
        result[f"{kind}_top5"] = (found <= 5).float().mean().item()
    return result
