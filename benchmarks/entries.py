"""The figures of build/bench.json."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from simulation.reports.entries import Entry

__all__ = ["Entry", "build_ratio"]


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
