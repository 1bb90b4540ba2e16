"""The figures of build/bench.json."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One figure. `beside` contains the values that it is compared with, measured in the same run."""

    name: str
    value: float
    goal: float | None
    better: Literal["lower", "higher"]
    unit: str
    samples: Sequence[float] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def meets_goal(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal


def build_ratio(
    name: str, numerators: Sequence[float], denominators: Sequence[float], *, goal: float, beside: Mapping[str, Any]
) -> Entry:
    """The median of paired ratios. The two values of a pair are measured one directly after the other."""
    samples = [over / under for over, under in zip(numerators, denominators, strict=True)]
    return Entry(
        name=name,
        value=round(median(samples), 4),
        goal=goal,
        better="lower",
        unit="ratio",
        samples=[round(sample, 4) for sample in samples],
        beside=beside,
    )
