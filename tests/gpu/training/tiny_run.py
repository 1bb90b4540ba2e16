"""A training run of a tiny network. As a program, it kills itself with SIGKILL at the sixth step."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.loop import Intervals, Schedule, generator_at, train

SCHEDULE = Schedule(steps=9, rate=1e-2, warm_up=2)
RHYTHM = Intervals(checkpoint=2, report=1, sample=4)
RECIPE = {"seed": 1}


def a_network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 4))


def loss_at(network: nn.Module, step: int, part: int) -> Tensor:
    batch = torch.randn(16, 4, generator=generator_at(1, step, part))
    loss: Tensor = (network(batch) - batch.roll(1, 1)).square().mean()
    return loss


def fatal_loss_at(network: nn.Module, step: int, part: int) -> Tensor:
    if step == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return loss_at(network, step, part)


def learn(folder: Path, loss: Any = loss_at, **changes: Any) -> nn.Module:
    values: dict[str, Any] = {"recipe": RECIPE, "schedule": SCHEDULE, "network": a_network()} | changes
    run = Run.start(folder, values["recipe"])
    return train(values["network"], loss, run, values["schedule"], RHYTHM, say=lambda _line: None)


if __name__ == "__main__":
    learn(Path(sys.argv[1]), fatal_loss_at)
