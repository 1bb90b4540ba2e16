"""Distil a model folder's UNet to few steps without guidance.

Progressive distillation (Salimans and Ho 2022, arXiv:2202.00512) with guidance included (Meng et al. 2023,
arXiv:2210.03142): one step of the student learns the result of two guided steps of the teacher. A picture then needs
half the steps and one forward pass per step instead of two. DDIM draws with the result as with the teacher, at guidance
1.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gpu_tasks.inference import manifests
from gpu_tasks.inference.families.stable_diffusion import LEARNING
from gpu_tasks.inference.model_store import open_pipeline
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset.dataset import Dataset, hash_pictures
from gpu_tasks.training.dataset.encoding import encode
from gpu_tasks.training.dataset.examples import Examples
from gpu_tasks.training.evaluation.evaluate import replace_unet
from gpu_tasks.training.evaluation.grid import PROMPTS, draw, write_grid
from gpu_tasks.training.loop import generator_at, train
from gpu_tasks.training.networks.unet import add_choice, select_pictures
from gpu_tasks.training.options import add_options, build_recipe, read_intervals, read_schedule

CAPTION_DROPOUT = 0.05


@dataclass(frozen=True, kw_only=True)
class Goal:
    """The learning goal, which is part of the recipe. `few` are the student's numbers of steps."""

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
    add_choice(parser)


def run(arguments: argparse.Namespace) -> None:
    """Train to the last step. Raises a TrainingError, or ModelUnavailable for a damaged start."""
    schedule = read_schedule(arguments)
    goal = Goal(
        seed=arguments.seed,
        batch=arguments.batch,
        few=tuple(arguments.few),
        guidance=arguments.guidance,
        rescale=arguments.rescale,
        recoloured=arguments.recoloured,
    )
    manifests.check(arguments.start)
    pictures, pixels = select_pictures(Dataset.open(arguments.data), arguments.style, arguments.subjects)
    recipe = build_recipe("unet", arguments, schedule, {"pictures": hash_pictures(pictures, pixels), **asdict(goal)})
    this_run = Run.start(arguments.run, recipe)
    model = open_pipeline(arguments.start).to(arguments.device)
    path = this_run.folder / "examples.safetensors"
    examples = Examples.load_or_make(path, partial(encode, pictures, pixels, model, LEARNING))

    def sample(average: nn.Module, step: int) -> None:
        artist = replace_unet(model, average)
        for few in goal.few:
            pictures = draw(artist, PROMPTS, seed=1, steps=few, guidance=1.0)
            write_grid(pictures, this_run.folder / "samples" / f"{step:08}-{few}-steps.png")

    teacher = Teacher(model.unet.eval().requires_grad_(False), model.scheduler, goal)
    train(
        copy.deepcopy(model.unet).requires_grad_(True),
        ArrivalLoss(examples, teacher, goal, schedule.parts),
        this_run,
        schedule,
        read_intervals(arguments),
        on_sample=sample,
    )


class Teacher:
    """Two guided DDIM steps of a UNet that predicts velocities, and the single velocity with the same result."""

    def __init__(self, network: Any, scheduler: Any, goal: Goal) -> None:
        self._network = network
        self._goal = goal
        # No noise is left after the last step, which ends at time -1.
        self._signal = torch.cat([scheduler.alphas_cumprod.float(), torch.ones(1)]).to(network.device)
        self.device: torch.device = network.device
        self.times = len(scheduler.alphas_cumprod)

    def signal(self, times: Tensor) -> Tensor:
        """Return the picture's share of the variance at these times, (N, 1, 1, 1)."""
        return self._signal[times].view(-1, 1, 1, 1)

    def grid(self, steps: int) -> list[int]:
        """Return the times of `steps` steps, as the scheduler spaces them from the end, followed by -1."""
        return [round(self.times * (steps - number) / steps) - 1 for number in range(steps + 1)]

    @torch.no_grad()
    def target(self, noisy: Tensor, times: Tensor, states: Tensor, nothing: Tensor) -> Tensor:
        """Return the velocity (N, 4, height, width) from the first to the last of times (N, 3)."""
        begin, middle, end = times.unbind(1)
        halfway = self._step(noisy, self._predict_guided(noisy, begin, states, nothing), begin, middle)
        arrived = self._step(halfway, self._predict_guided(halfway, middle, states, nothing), middle, end)
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

    def _predict_guided(self, noisy: Tensor, times: Tensor, states: Tensor, nothing: Tensor) -> Tensor:
        both = torch.cat([nothing.expand_as(states), states])
        told = self._network(torch.cat([noisy, noisy]), torch.cat([times, times]), both).sample.float()
        without, with_caption = told.chunk(2)
        guided = without + self._goal.guidance * (with_caption - without)
        spread = with_caption.std((1, 2, 3), keepdim=True) / guided.std((1, 2, 3), keepdim=True)
        result: Tensor = guided.lerp(guided * spread, self._goal.rescale)
        return result


class ArrivalLoss:
    """The mean squared difference between the student's velocity and the teacher's target."""

    def __init__(self, examples: Examples, teacher: Teacher, goal: Goal, parts: int) -> None:
        self._examples = examples
        self._teacher = teacher
        self._goal = goal
        self._parts = parts
        self._nothing = examples.conditions["states"][examples.no_caption].float()[None].to(teacher.device)
        self._legs = build_legs(teacher, goal.few)

    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        goal, size = self._goal, self._goal.batch // self._parts
        latents, conditions = self._examples.draw(
            goal.seed, step * self._parts + part, size, recoloured=goal.recoloured, dropout=CAPTION_DROPOUT
        )
        generator = generator_at(goal.seed, "distil", step, part)
        times = self._legs[torch.randint(len(self._legs), (size,), generator=generator)]
        noise = torch.randn(latents.shape, generator=generator)
        drawn = (latents, conditions["states"], noise, times)
        latents, states, noise, times = (tensor.to(self._teacher.device) for tensor in drawn)
        signal = self._teacher.signal(times[:, 0])
        noisy = signal.sqrt() * latents + (1 - signal).sqrt() * noise
        with torch.autocast(noisy.device.type, torch.bfloat16, cache_enabled=False):
            wanted = self._teacher.target(noisy, times, states, self._nothing)
            told = network(noisy, times[:, 0], states).sample
        loss: Tensor = (told.float() - wanted).square().mean()
        return loss


def build_legs(teacher: Teacher, few: Sequence[int]) -> Tensor:
    """Return start, middle and end of all steps of the student, (N, 3). Each number of steps has the same weight."""
    max_steps = max(few)
    rows = []
    for steps in few:
        grid = teacher.grid(2 * steps)
        rows += [grid[at : at + 3] for at in range(0, 2 * steps, 2)] * round(max_steps / steps)
    return torch.tensor(rows)
