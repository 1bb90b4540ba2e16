"""The options that all commands around the training loop share."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from gpu_tasks.training.errors import RecipeUnfit
from gpu_tasks.training.loop import Rhythm, Schedule


def add_options(
    parser: argparse.ArgumentParser, *, batch: int, rate: float, warm_up: int = 100, steps: int | None = None
) -> None:
    """A dataset, a run's folder, what to begin from, and how far and fast to go; the values are the defaults."""
    parser.add_argument("data", type=Path, metavar="DATA", help="a dataset folder")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder; one that was begun goes on")
    parser.add_argument("--start", type=Path, required=True, help="the model folder to begin from")
    parser.add_argument("--steps", type=int, default=steps, required=steps is None)
    parser.add_argument("--batch", type=int, default=batch, help="examples a step, all parts together")
    parser.add_argument("--rate", type=float, default=rate, help="the learning rate at its highest")
    parser.add_argument("--warm-up", type=int, default=warm_up, help="steps to the highest rate")
    parser.add_argument("--average-decay", type=float, default=0.999, help="how slowly the kept average follows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu or cuda; with cuda, --parts 1 fills the GPU")
    parser.add_argument("--parts", type=int, default=2, help="of a batch, side by side; as many as the CPU has cores")
    parser.add_argument("--checkpoint-every", type=int, default=250)
    parser.add_argument("--report-every", type=int, default=25)
    parser.add_argument("--sample-every", type=int, default=500)


def schedule_of(arguments: argparse.Namespace) -> Schedule:
    """The schedule that was asked for; raises RecipeUnfit for one that this machine cannot follow."""
    schedule = Schedule(
        steps=arguments.steps,
        rate=arguments.rate,
        warm_up=arguments.warm_up,
        parts=arguments.parts,
        average_decay=arguments.average_decay,
    )
    schedule.check(arguments.batch)
    check_device(arguments.device)
    return schedule


def check_device(device: str) -> None:
    """Raise RecipeUnfit for a GPU that is not there, before anything is read or written."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise RecipeUnfit(f"--device {device}: torch finds no CUDA device here; use --device cpu", field="device")


def rhythm_of(arguments: argparse.Namespace) -> Rhythm:
    return Rhythm(checkpoint=arguments.checkpoint_every, report=arguments.report_every, sample=arguments.sample_every)
