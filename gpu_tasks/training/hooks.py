"""Hooks into a training run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _ignore(*_: object) -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """`on_step` is called with the completed and the total number of steps, `on_checkpoint` with the file of each
    checkpoint.

    If `stopping` returns true after a step, the run writes a checkpoint and raises SpotInterrupted.
    """

    on_step: Callable[[int, int], None] = _ignore
    on_checkpoint: Callable[[Path], None] = _ignore
    stopping: Callable[[], bool] = lambda: False
