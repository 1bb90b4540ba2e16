"""What a style's training gets and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from craftspark.settings.tasks import TrainerSettings
from craftspark.styles.trainings import TrainingOrder
from gpu_tasks.training.dataset.dataset import Dataset
from gpu_tasks.training.hooks import Hooks

GRID = "before-after.png"


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a style is trained on and with: folders, of which `run` may have a checkpoint to go on from."""

    order: TrainingOrder
    settings: TrainerSettings
    dataset: Dataset
    run: Path
    adapter: Path


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`figures` as Trained has them; `grid` is a picture of before and after. The adapter lies in its folder."""

    figures: Mapping[str, Any]
    grid: Path


class Trainer(Protocol):
    """Trains the lesson's run to its end and writes its adapter; raises a TrainingError or SpotInterrupted."""

    def __call__(self, lesson: Lesson, hooks: Hooks) -> Outcome: ...
