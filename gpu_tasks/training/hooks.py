"""What others want of a training run while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _ignore(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """`on_step` hears the number of steps done and of all, `on_checkpoint` the file of each checkpoint.

    `stopping` is asked after each step: where it says so, the run writes a checkpoint and raises SpotInterrupted.
    """

    on_step: Callable[[int, int], None] = _ignore
    on_checkpoint: Callable[[Path], None] = _ignore
    stopping: Callable[[], bool] = lambda: False
