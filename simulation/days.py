"""Synthetic days: a night, a wake-up that multiplies demand within minutes, bursts, and the days of a week."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log
from random import Random

from simulation.demand import BULK, DAY_S, INTERACTIVE, Demand, Job

MINUTE_S = 60
# Demand of each day of the week, from Monday, as a share of the busiest.
WEEK = (0.85, 0.85, 0.88, 0.9, 0.95, 1.0, 0.97)
# Demand of each hour after the wake-up, as a share of the peak.
AWAKE = (0.8, 0.85, 0.9, 0.92, 0.95, 0.9, 0.85, 0.85, 0.88, 0.9, 0.95, 1.0, 1.0, 0.95, 0.8, 0.55, 0.3, 0.15)
IMAGES = (1, 2, 4, 8)
IMAGE_WEIGHTS = (15, 15, 60, 10)
BULK_IMAGES = (20, 40, 60, 100)


@dataclass(frozen=True, kw_only=True)
class DayShape:
    """What synthetic days have in common.

    At night, demand is `night` of the peak. About `wake_h` hours after midnight it rises to the day's level within
    `wake_s` seconds; the moment varies from day to day with a standard deviation of `wake_jitter_s`. On a day there are
    `bursts` bursts on average. Days differ by `day_spread`, the standard deviation of the logarithm of their demand.
    An image takes `image_s` on average.
    """

    jobs_per_day: int = 200_000
    night: float = 0.08
    wake_h: float = 6.0
    wake_s: float = 300.0
    wake_jitter_s: float = 120.0
    bursts: float = 6.0
    day_spread: float = 0.08
    image_s: float = 2.2
    bulk_share: float = 0.0
    makers: int = 20_000


def build_days(seed: int, days: int = 3, shape: DayShape | None = None, pool: str = "draw", weekday: int = 0) -> Demand:
    """Days of which the first is this day of the week; 0 is a Monday. The same arguments give the same jobs."""
    shape = shape or DayShape()
    random = Random(seed)
    jobs: list[Job] = []
    for day in range(days):
        rates = _scale(
            list(_rates_by_minute(random, shape)),
            WEEK[(weekday + day) % 7] * exp(random.gauss(0, shape.day_spread)),
            shape,
        )
        jobs.extend(_jobs_of_day(random, shape, day * DAY_S, rates, pool))
    return Demand(name=f"synthetic days, seed {seed}", jobs=jobs, length_s=days * DAY_S, pools=(pool,))


def _rates_by_minute(random: Random, shape: DayShape) -> Iterator[float]:
    """The demand of each minute of a day, as a share of the peak."""
    wake_s = shape.wake_h * 3600 + random.gauss(0, shape.wake_jitter_s)
    bursts = [_Burst.draw(random, shape) for _ in range(_poisson(random, shape.bursts))]
    for minute in range(DAY_S // MINUTE_S):
        at = (minute + 0.5) * MINUTE_S
        level = _level(at - wake_s, shape)
        yield level * max([1.0, *(burst.factor for burst in bursts if burst.start <= at < burst.end)])


def _level(awake_s: float, shape: DayShape) -> float:
    if awake_s < 0:
        return shape.night
    hour, part = int(awake_s // 3600), awake_s % 3600 / 3600
    at, after = (AWAKE[each] if each < len(AWAKE) else shape.night for each in (hour, hour + 1))
    level = max(shape.night, at + (after - at) * part)
    return shape.night + (level - shape.night) * min(1.0, awake_s / shape.wake_s)


@dataclass(frozen=True)
class _Burst:
    start: float
    end: float
    factor: float

    @classmethod
    def draw(cls, random: Random, shape: DayShape) -> "_Burst":
        start = random.random() * DAY_S
        return cls(start, start + random.uniform(2, 15) * 60, 1 + random.expovariate(1 / 0.8))


def _scale(rates: list[float], factor: float, shape: DayShape) -> list[float]:
    """Jobs per minute, such that an average day without its bursts has `jobs_per_day` jobs times the factor."""
    typical = sum(_level((minute + 0.5) * MINUTE_S - shape.wake_h * 3600, shape) for minute in range(DAY_S // MINUTE_S))
    return [rate * factor * shape.jobs_per_day / typical for rate in rates]


def _jobs_of_day(random: Random, shape: DayShape, start_s: float, rates: list[float], pool: str) -> Iterator[Job]:
    """Jobs of a Poisson process whose rate is constant within each minute."""
    weights = list(accumulate(IMAGE_WEIGHTS))
    mean_log = log(shape.image_s) - 0.35**2 / 2
    for minute, rate in enumerate(rates):
        arrivals = sorted(random.random() for _ in range(_poisson(random, rate)))
        for arrival in arrivals:
            bulk = shape.bulk_share > 0 and random.random() < shape.bulk_share
            images = random.choice(BULK_IMAGES) if bulk else random.choices(IMAGES, cum_weights=weights)[0]
            yield Job(
                at=start_s + (minute + arrival) * MINUTE_S,
                images=images,
                image_s=random.lognormvariate(mean_log, 0.35),
                maker=int(random.random() ** 2 * shape.makers),
                lane=BULK if bulk else INTERACTIVE,
                pool=pool,
            )


def _poisson(random: Random, mean: float) -> int:
    """A Poisson number: the count of exponential gaps that fit into `mean`."""
    count, left = 0, mean
    while (left := left - random.expovariate(1.0)) > 0:
        count += 1
    return count
