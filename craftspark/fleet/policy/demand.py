"""The demand of a pool: how much work arrives, how much that varies, and where it is going.

A rate is in seconds of one GPU per second: the number of tasks that are busy with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from craftspark.fleet.observations import DECIDE_EVERY_S

# The rate is the mean of this time, or of the time since the last change. Seconds.
KEPT_S = 600.0
# Chance is measured in the rate of a minute. Seconds.
MINUTE_S = 60.0
# The difference of the means before and after, in standard deviations, that is a change and not chance.
SIGNIFICANT = 2.25
# A change has this many intervals before it.
BEFORE = 3
# The smallest variance of an interval over its mean: that of jobs of 20 seconds that arrive by chance.
LEAST_VARIANCE = 1.0
# Below this rate, arrivals are few.
FEW = 1.0
# Few arrivals count for the last minutes. The rate of irregular ones is at most that of this time. Seconds.
RECENT_S = 180.0
# Arrivals are irregular if they come in clusters: if they deviate this many times more than jobs of 20 seconds that
# arrive by chance.
CLUSTERED = 1.1
# They are irregular as well if chance changes the rate of a minute by this share: the jobs of a minute are few or long.
IRREGULAR = 0.4
# The intervals of these times.
MINUTE_COUNT = round(MINUTE_S / DECIDE_EVERY_S)
RECENT_COUNT = round(RECENT_S / DECIDE_EVERY_S)

Arrived = tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What arrives: the rate now, and the standard deviation of the rate of a minute.

    After few or irregular arrivals, the last minutes say little about the next ones.
    """

    now: float
    deviation: float
    is_few: bool = False
    is_irregular: bool = False


def remember(arrived: Arrived, at: float, since_s: float, work_s: float) -> Arrived:
    """The intervals of the last `KEPT_S`, with the newest one: `work_s` arrived in the `since_s` before `at`."""
    recent = tuple(each for each in arrived if each[0] > at - KEPT_S)
    return (*recent, (at, round(work_s / since_s, 3)))


def measure(arrived: Arrived) -> Rate:
    """The present rate: the mean since the last change that is more than chance.

    Few arrivals count for `RECENT_S`. So does a rise after few arrivals, until it has lasted for so long: it can be a
    cluster. If arrivals are irregular, each cluster would be a change. They count for all of `KEPT_S`. Their rate is at
    most that of `RECENT_S`, because the next cluster may never come. The first intervals after an empty memory count as
    a minute, so that one job is not taken for a rate.
    """
    rates = [rate for _, rate in arrived]
    deviation = _deviation(rates)
    change = _find_change(rates, deviation)
    now = sum(rates[change:]) / (len(rates) - change) if change else _mean(rates)
    kept, recent = _mean(rates), _mean(rates[-RECENT_COUNT:])
    minute = deviation / sqrt(MINUTE_COUNT)
    clustered = minute > CLUSTERED * sqrt(LEAST_VARIANCE * now / MINUTE_COUNT)
    if kept < FEW or _follows_few(rates, change):
        return Rate(now=recent, deviation=minute, is_few=True, is_irregular=clustered)
    if clustered or minute > IRREGULAR * kept:
        return Rate(now=min(kept, recent), deviation=minute, is_irregular=True)
    return Rate(now=now, deviation=minute)


def _follows_few(rates: Sequence[float], change: int) -> bool:
    """Whether arrivals were few before the change, which has not lasted for `RECENT_S` yet."""
    return change > 0 and len(rates) - change < RECENT_COUNT and _mean(rates[:change]) < FEW


def _mean(rates: Sequence[float]) -> float:
    return sum(rates) / max(len(rates), MINUTE_COUNT)


def _find_change(rates: Sequence[float], deviation: float) -> int:
    """The index of the first interval after the most significant change, or 0 if all differences can be chance."""
    before, after = sum(rates), 0.0
    most, change = SIGNIFICANT, 0
    for index in range(len(rates) - 1, BEFORE - 1, -1):
        before, after = before - rates[index], after + rates[index]
        count = len(rates) - index
        old, new = before / index, after / count
        spread = sqrt(max(deviation**2, LEAST_VARIANCE * max(old, new)) * (1 / index + 1 / count))
        if abs(new - old) > most * spread:
            most, change = abs(new - old) / spread, index
    return change


def _deviation(rates: Sequence[float]) -> float:
    """The standard deviation of an interval, from the differences of successive intervals.

    The largest one is left out: it is the start or the end of a burst, and no chance.
    """
    steps = sorted((after - before) ** 2 for before, after in pairwise(rates))
    usual = steps[:-1] if len(steps) > 2 else steps
    return sqrt(sum(usual) / len(usual) / 2) if usual else 0.0
