"""Figures that scripts read, with their goals: those of simulations and of benchmarks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One figure. `samples` has its measurements. `beside` has what it is compared with, measured in the same run."""

    name: str
    value: float
    goal: float | None
    better: Literal["lower", "higher"]
    unit: str
    samples: Sequence[float] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def meets_goal(self) -> bool | None:
        """Whether the value is at least as good as the goal, or None without a goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal
