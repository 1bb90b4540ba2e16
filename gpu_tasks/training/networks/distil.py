"""Distil a model folder's UNet to few steps without guidance.

Progressive distillation (Salimans and Ho 2022, arXiv:2202.00512) with the guidance taken in (Meng et al. 2023,
arXiv:2210.03142): one step of the student is to arrive where two steps of the teacher arrive, each with
classifier-free guidance. A picture then costs one forward a step instead of two, and half the steps. DDIM draws with
the result as it does with the teacher, at guidance 1.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gpu_tasks.inference import model_store
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset.dataset import Dataset, digest_of
from gpu_tasks.training.dataset.examples import Examples
from gpu_tasks.training.evaluation.evaluate import load_model, with_unet
from gpu_tasks.training.evaluation.grid import PROMPTS, draw, write_grid
from gpu_tasks.training.loop import generator_at, train
from gpu_tasks.training.networks.unet import chosen
from gpu_tasks.training.options import add_options, rhythm_of, schedule_of

CAPTION_DROPOUT = 0.05


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What the student learns; belongs to the recipe. `few` are the numbers of steps that it is to draw with."""

    seed: int
    batch: int
    few: tuple[int, ...]
    guidance: float
    rescale: float
    recoloured: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, batch=64, rate=2e-4, warm_up=50)
    parser.add_argument("--few", type=int, nargs="+", default=[4, 8], help="numbers of steps to distil for")
    parser.add_argument("--guidance", type=float, default=4.0, help="guidance scale of the teacher")
    parser.add_argument("--rescale", type=float, default=0.5, help="guidance rescale of the teacher")
    parser.add_argument("--recoloured", type=float, default=0.4, help="fraction of recoloured images")
    parser.add_argument("--style", help="use only images of this style")
    parser.add_argument("--subjects", type=Path, help="use only the subjects in this file, one name per line")


def run(arguments: argparse.Namespace) -> None:
    """Train to the last step; raises a TrainingError, or ModelUnavailable for a broken start."""
    schedule = schedule_of(arguments)
    goal = Goal(
        seed=arguments.seed,
        batch=arguments.batch,
        few=tuple(arguments.few),
        guidance=arguments.guidance,
        rescale=arguments.rescale,
        recoloured=arguments.recoloured,
    )
    model_store.check(arguments.start)
    pictures, pixels = chosen(Dataset.open(arguments.data), arguments.style, arguments.subjects)
    recipe = {
        "trains": "unet",
        "start": model_store.sha256_of(arguments.start / model_store.MANIFEST),
        "pictures": digest_of(pictures, pixels),
        **asdict(schedule),
        **asdict(goal),
    }
    this_run = Run.begin(arguments.run, recipe)
    model = load_model(arguments.start).to(arguments.device)
    examples = Examples.cached(this_run.folder / "examples.safetensors", pictures, pixels, model)

    def sample(average: nn.Module, step: int) -> None:
        artist = with_unet(model, average)
        for few in goal.few:
            pictures = draw(artist, PROMPTS, seed=1, steps=few, guidance=1.0)
            write_grid(pictures, this_run.folder / "samples" / f"{step:08}-{few}-steps.png")

    teacher = Teacher(model.unet.eval().requires_grad_(False), model.scheduler, goal)
    train(
        copy.deepcopy(model.unet).requires_grad_(True),
        ArrivalLoss(examples, teacher, goal, schedule.parts),
        this_run,
        schedule,
        rhythm_of(arguments),
        on_sample=sample,
        say=lambda line: print(line, flush=True),
    )


class Teacher:
    """Two guided DDIM steps of a UNet that predicts velocities, and the one velocity that arrives at the same place."""

    def __init__(self, network: Any, scheduler: Any, goal: Goal) -> None:
        self._network = network
        self._goal = goal
        # Nothing is left of noise after the last step, which goes to the time -1.
        self._signal = torch.cat([scheduler.alphas_cumprod.float(), torch.ones(1)]).to(network.device)
        self.device: torch.device = network.device
        self.times = len(scheduler.alphas_cumprod)

    def signal(self, times: Tensor) -> Tensor:
        """The share of the picture in the variance at these times, (N, 1, 1, 1)."""
        return self._signal[times].view(-1, 1, 1, 1)

    def grid(self, steps: int) -> list[int]:
        """The times of so many steps, as the scheduler spaces them from the end, and -1."""
        return [round(self.times * (steps - number) / steps) - 1 for number in range(steps + 1)]

    @torch.no_grad()
    def target(self, noisy: Tensor, times: Tensor, states: Tensor, nothing: Tensor) -> Tensor:
        """The velocity (N, 4, h, w) that takes the student from times (N, 3): begin, middle and end, to the end."""
        begin, middle, end = times.unbind(1)
        halfway = self._step(noisy, self._guided(noisy, begin, states, nothing), begin, middle)
        arrived = self._step(halfway, self._guided(halfway, middle, states, nothing), middle, end)
        at_begin, at_end = self.signal(begin), self.signal(end)
        kept = (1 - at_end).sqrt() / (1 - at_begin).sqrt()
        picture = (arrived - kept * noisy) / (at_end.sqrt() - kept * at_begin.sqrt())
        velocity: Tensor = (at_begin.sqrt() * noisy - picture) / (1 - at_begin).sqrt()
        return velocity

    def _step(self, noisy: Tensor, velocity: Tensor, begin: Tensor, end: Tensor) -> Tensor:
        at_begin, at_end = self.signal(begin), self.signal(end)
        picture = at_begin.sqrt() * noisy - (1 - at_begin).sqrt() * velocity
        noise = (1 - at_begin).sqrt() * noisy + at_begin.sqrt() * velocity
        arrived: Tensor = at_end.sqrt() * picture + (1 - at_end).sqrt() * noise
        return arrived

    def _guided(self, noisy: Tensor, times: Tensor, states: Tensor, nothing: Tensor) -> Tensor:
        both = torch.cat([nothing.expand_as(states), states])
        told = self._network(torch.cat([noisy, noisy]), torch.cat([times, times]), both).sample.float()
        without, with_caption = told.chunk(2)
        guided = without + self._goal.guidance * (with_caption - without)
        spread = with_caption.std((1, 2, 3), keepdim=True) / guided.std((1, 2, 3), keepdim=True)
        result: Tensor = guided.lerp(guided * spread, self._goal.rescale)
        return result


class ArrivalLoss:
    """The mean squared distance of the student's velocity from the one that arrives where the teacher does."""

    def __init__(self, examples: Examples, teacher: Teacher, goal: Goal, parts: int) -> None:
        self._examples = examples
        self._teacher = teacher
        self._goal = goal
        self._parts = parts
        self._nothing = examples.states[examples.no_caption].float()[None].to(teacher.device)
        self._legs = legs(teacher, goal.few)

    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        goal, size = self._goal, self._goal.batch // self._parts
        latents, states = self._examples.draw(
            goal.seed, step * self._parts + part, size, recoloured=goal.recoloured, dropout=CAPTION_DROPOUT
        )
        generator = generator_at(goal.seed, "distil", step, part)
        times = self._legs[torch.randint(len(self._legs), (size,), generator=generator)]
        noise = torch.randn(latents.shape, generator=generator)
        latents, states, noise, times = (drawn.to(self._teacher.device) for drawn in (latents, states, noise, times))
        signal = self._teacher.signal(times[:, 0])
        noisy = signal.sqrt() * latents + (1 - signal).sqrt() * noise
        with torch.autocast(noisy.device.type, torch.bfloat16, cache_enabled=False):
            wanted = self._teacher.target(noisy, times, states, self._nothing)
            told = network(noisy, times[:, 0], states).sample
        loss: Tensor = (told.float() - wanted).square().mean()
        return loss


def legs(teacher: Teacher, few: Sequence[int]) -> Tensor:
    """Begin, middle and end of every step that the student is to take, (N, 3); each number of steps weighs the same."""
    most = max(few)
    rows = []
    for steps in few:
        grid = teacher.grid(2 * steps)
        rows += [grid[at : at + 3] for at in range(0, 2 * steps, 2)] * round(most / steps)
    return torch.tensor(rows)
