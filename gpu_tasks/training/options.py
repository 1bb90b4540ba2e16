"""The options of all training commands."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from craftspark.errors.training import RecipeUnfit
from gpu_tasks.inference.manifests import hash_model
from gpu_tasks.training.loop import Intervals, Schedule


def add_options(
    parser: argparse.ArgumentParser, *, batch: int, rate: float, warm_up: int = 100, steps: int | None = None
) -> None:
    """Add the options of a training run. The arguments are their defaults."""
    parser.add_argument("data", type=Path, metavar="DATA", help="dataset folder")
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of the run; an existing run is resumed")
    parser.add_argument("--start", type=Path, required=True, help="model folder to start from")
    parser.add_argument("--steps", type=int, default=steps, required=steps is None, help="number of training steps")
    parser.add_argument("--batch", type=int, default=batch, help="batch size, all parts together")
    parser.add_argument("--rate", type=float, default=rate, help="peak learning rate")
    parser.add_argument(
        "--warm-up", type=int, default=warm_up, help="number of warm-up steps to the peak learning rate"
    )
    parser.add_argument(
        "--average-decay", type=float, default=0.999, help="decay of the exponential moving average of the weights"
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; use --parts 1 with cuda")
    parser.add_argument(
        "--parts",
        type=int,
        default=2,
        help="number of parts of a batch that run in parallel; use the number of CPU cores",
    )
    parser.add_argument("--checkpoint-every", type=int, default=250, help="number of steps between checkpoints")
    parser.add_argument("--report-every", type=int, default=25, help="number of steps between progress reports")
    parser.add_argument("--sample-every", type=int, default=500, help="number of steps between sample images")


def read_schedule(arguments: argparse.Namespace) -> Schedule:
    """Return the requested schedule. Raises RecipeUnfit if this machine cannot run it."""
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
    """Raise RecipeUnfit for a missing GPU, before anything is read or written."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise RecipeUnfit(f"--device {device}: PyTorch finds no CUDA device; use --device cpu", field="device")


def read_intervals(arguments: argparse.Namespace) -> Intervals:
    """Return the requested intervals."""
    return Intervals(
        checkpoint=arguments.checkpoint_every, report=arguments.report_every, sample=arguments.sample_every
    )


def build_recipe(
    trains: str, arguments: argparse.Namespace, schedule: Schedule, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all values that the result of a run depends on: the start, the schedule, and the command's own facts."""
    return {"trains": trains, "start": hash_model(arguments.start), **facts, **asdict(schedule)}
