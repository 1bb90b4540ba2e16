"""`python -m gpu_tasks.training likeness DATA OUT` trains the likeness encoder.

Each picture is to lie nearer to its own name than to every other name of the dataset (cross-entropy over all names),
and near to its synonyms. One picture in twenty whose subject is also drawn in another style is held out; their
figures tell what the encoder makes of a picture that it has never seen.
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

from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.training.dataset.augmentation import augmented
from gpu_tasks.training.dataset.dataset import Dataset, read_names
from gpu_tasks.training.errors import LikenessBroken, LossNotFinite, TrainingError
from gpu_tasks.training.evaluation.encoder import Likeness, LikenessConfig, PictureNetwork, TextPlaces, ranks
from gpu_tasks.training.evaluation.lessons import AT_ONCE, Lessons, names_of, prepare

STARTING_MODEL = BUILT_IN / "craftspark-clipart-128"
LEARNING_RATE = 2e-3
WARM_UP = 100  # steps
SCALE = 20.0  # of the cosines before the cross-entropy; learned from here
WORD_WEIGHT = 0.5
WEIGHT_DECAY = 0.02
TOLD_EVERY_S = 20


@dataclass(frozen=True)
class Effort:
    """How long to train: `steps`, or the minutes if those end first; only the steps give the same weights twice."""

    steps: int
    minutes: float | None
    seed: int
    batch: int = 64

    def share(self, step: int, elapsed_s: float) -> float:
        """How much is done, 0 to 1."""
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
    """Train, measure, save; raises a TrainingError before the training where something is wrong."""
    if arguments.out.exists():
        raise LikenessBroken(f"{arguments.out} already exists; remove it or choose another folder")
    dataset = Dataset.open(arguments.data)
    favoured = read_names(arguments.subjects) if arguments.subjects else frozenset()
    if arguments.steps < 1 or (arguments.minutes is not None and arguments.minutes <= 0):
        raise TrainingError(f"--steps {arguments.steps} or --minutes {arguments.minutes} is too small")
    effort = Effort(arguments.steps, arguments.minutes, arguments.seed)
    likeness, report = train(
        dataset,
        TextPlaces(arguments.model),
        effort,
        favoured=favoured,
        whole_style=arguments.style,
    )
    likeness.save(arguments.out, report=report)
    print(" ".join(f"{name}={value:.4g}" for name, value in report.items()))


def train(
    dataset: Dataset,
    texts: TextPlaces,
    effort: Effort,
    *,
    favoured: frozenset[str] = frozenset(),
    whole_style: str | None = None,
    side: int = 64,
    widths: tuple[int, ...] = LikenessConfig.widths,
) -> tuple[Likeness, dict[str, float]]:
    """A likeness encoder and its figures; raises LossNotFinite."""
    config = LikenessConfig(text_width=texts.width, text_encoder=texts.sha256, side=side, widths=widths)
    text_mean = texts.states(names_of(dataset)).mean(0)
    lessons = prepare(dataset, texts, text_mean, side, favoured=favoured, whole_style=whole_style, seed=effort.seed)
    with torch.random.fork_rng():
        torch.manual_seed(effort.seed)
        network = PictureNetwork(config)
    steps = learn(network, lessons, effort)
    facts = {"steps": steps, "seed": effort.seed, "names": len(lessons.name_places)}
    return Likeness(config, network.eval(), text_mean, texts), facts | figures(network, lessons)


def learn(network: PictureNetwork, lessons: Lessons, effort: Effort) -> int:
    """Train the network in place; answers the steps taken."""
    generator = torch.Generator().manual_seed(effort.seed)
    draws = np.random.default_rng(effort.seed)
    scale = nn.Parameter(torch.tensor(SCALE).log())
    optimizer = torch.optim.AdamW([*network.parameters(), scale], weight_decay=WEIGHT_DECAY)
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    began = told = time.monotonic()
    step = 0
    while (share := effort.share(step, time.monotonic() - began)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate(step, share)
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of_a_batch(network, lessons, *lessons.draw(effort.batch, draws), scale, generator)
        if not loss.isfinite():
            raise LossNotFinite(f"the loss of the likeness encoder is not finite at step {step}", step=step)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        if time.monotonic() - told > TOLD_EVERY_S:
            told = time.monotonic()
            left = (told - began) * (1 / max(share, 1e-6) - 1)
            print(f"step {step} loss {loss.item():.3f}, {share:.0%}, {left:.0f} s left", file=sys.stderr, flush=True)
    return step


def rate(step: int, share: float) -> float:
    """The learning rate: a short rise, then half a cosine down to a hundredth."""
    return LEARNING_RATE * min(1, (step + 1) / WARM_UP) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def loss_of_a_batch(
    network: PictureNetwork,
    lessons: Lessons,
    pictures: list[int],
    words: list[int],
    scale: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Cross-entropy over all names, and the distance to one of each picture's own words."""
    batch = augmented(lessons.pictures[pictures].float() / 255, generator)
    with torch.autocast("cpu", torch.bfloat16):
        places = network(batch.to(memory_format=torch.channels_last))
    by_name = cross_entropy(scale.exp() * places @ lessons.name_places.T, lessons.names[pictures])
    by_word = (1 - (places * lessons.word_places[words]).sum(-1)).mean()
    loss: Tensor = by_name + WORD_WEIGHT * by_word
    return loss


@torch.no_grad()
def figures(network: PictureNetwork, lessons: Lessons) -> dict[str, float]:
    """The share of pictures whose own name is first, or among the first five, of all names."""
    result = {}
    for kind in ("learned", "favoured", "held_out", "favoured_held_out"):
        indexes = getattr(lessons, kind)
        if not indexes:
            continue
        parts = torch.split(torch.tensor(indexes), AT_ONCE)
        places = torch.cat([network(lessons.pictures[part].float() / 255) for part in parts])
        found = ranks(places, lessons.name_places, lessons.names[indexes].tolist())
        result[f"{kind}_top1"] = (found <= 1).float().mean().item()
        result[f"{kind}_top5"] = (found <= 5).float().mean().item()
    return result
