"""Fine-tuning in three steps on five discs. As a program, it kills itself with SIGKILL at the third step."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, nn

from gpu_tasks.training.networks.denoising import DenoisingLoss
from gpu_tasks.training.styles.finetune import FinetuneRequest, finetune
from tests.gpu.rendering import DEVICE


class FatalLoss(DenoisingLoss):
    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        if step == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(network, step, part)


def quickly(patches: pytest.MonkeyPatch) -> None:
    """Measure one prompt with two steps, because these tests do not check the figures."""
    patches.setattr("gpu_tasks.training.evaluation.adapter_effect.PROMPTS", ("ball",))
    patches.setattr("gpu_tasks.training.evaluation.adapter_effect.STEPS", 2)


def asked_for(data: Path, place: Path, **changes: Any) -> FinetuneRequest:
    values: dict[str, Any] = {"data": data, "name": "discs", "run": place / "run", "out": place / "out"}
    values |= {"steps": 3, "rank": 2, "batch": 2, "rate": 1e-2, "checkpoint_every": 1, "device": DEVICE}
    return FinetuneRequest(**values | changes)


if __name__ == "__main__":
    patches = pytest.MonkeyPatch()
    quickly(patches)
    patches.setattr("gpu_tasks.training.styles.finetune.DenoisingLoss", FatalLoss)
    finetune(asked_for(Path(sys.argv[1]), Path(sys.argv[2])))
