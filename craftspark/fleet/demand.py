"""The demand of a pool: how much work arrives, how much that varies, and where it is going.

A rate is in seconds of one GPU per second: the number of tasks that are busy with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from craftspark.fleet.observations import DECIDE_EVERY_S

# The rate is the mean of this time. A longer window varies less and shows a change later. Seconds.
RECENT_S = 180.0
# A change is visible first in the rate of this window. Seconds.
LATEST_S = 60.0
# The difference of the two means, in standard deviations, that is a change and not chance.
SIGNIFICANT = 2.5
# How variable the arrivals are is measured in this time. Seconds.
KEPT_S = 600.0
# A change is expected to continue for this share of a cold start.
TREND_SHARE = 0.5

Arrived = tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What arrives: the rate now, its change per second if that is more than chance, and the deviation of a minute."""

    now: float
    trend: float
    deviation: float


def remember(arrived: Arrived, at: float, since_s: float, work_s: float) -> Arrived:
    """The intervals of the last `KEPT_S`, with the newest one: `work_s` arrived in the `since_s` before `at`."""
    recent = tuple(each for each in arrived if each[0] > at - KEPT_S)
    return (*recent, (at, round(work_s / since_s, 3)))


def measure(arrived: Arrived, at: float) -> Rate:
    """The present rate: that of the last minutes or, after a change, that of the last minute."""
    recent = [rate for end, rate in arrived if end > at - RECENT_S]
    latest = [rate for end, rate in arrived if end > at - LATEST_S]
    slow, fast = _rate(recent), _rate(latest)
    deviation = _deviation([rate for _, rate in arrived])
    minute = deviation / sqrt(LATEST_S / DECIDE_EVERY_S)
    changed = abs(fast - slow) > SIGNIFICANT * minute and len(recent) > len(latest)
    span_s = (RECENT_S - LATEST_S) / 2
    return Rate(now=fast if changed else slow, trend=(fast - slow) / span_s if changed else 0.0, deviation=minute)


def extrapolate(rate: Rate, cold_start_s: float) -> float:
    """The rate after a cold start if a rise continues for a part of it. It at most doubles."""
    return rate.now + max(0.0, min(rate.trend * TREND_SHARE * cold_start_s, rate.now))


def _rate(rates: Sequence[float]) -> float:
    """The mean of intervals. A first interval is not the rate of a minute."""
    return sum(rates) / max(len(rates), LATEST_S / DECIDE_EVERY_S)


def _deviation(rates: Sequence[float]) -> float:
    """The standard deviation of an interval, from the steps between neighbours: a trend does not count as variation."""
    steps = [(after - before) ** 2 for before, after in pairwise(rates)]
    return sqrt(_mean(steps) / 2)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
