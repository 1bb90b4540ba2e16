"""The inputs and the outcome of a style's training."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from craftspark.settings.tasks import TrainerSettings
from craftspark.styles.messages import TrainingOrder
from gpu_tasks.training.dataset.dataset import Dataset
from gpu_tasks.training.hooks import Hooks

GRID = "before-after.png"


@dataclass(frozen=True, kw_only=True)
class TrainingInputs:
    """The inputs of a training. The folder `run` can have a checkpoint to resume from."""

    order: TrainingOrder
    settings: TrainerSettings
    dataset: Dataset
    run: Path
    adapter: Path


@dataclass(frozen=True, kw_only=True)
class TrainingOutcome:
    """The outcome of a training. `figures` are as in TrainingResult, and `grid` is a picture of before and after. The
    adapter is in its folder.
    """

    figures: Mapping[str, Any]
    grid: Path


class Trainer(Protocol):
    """Trains the run to its end and writes the adapter. Raises a TrainingError or SpotInterrupted."""

    def __call__(self, inputs: TrainingInputs, hooks: Hooks) -> TrainingOutcome: ...
