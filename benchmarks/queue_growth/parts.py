"""The CPU time of each part of a job's way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.entries import Entry, build_ratio

GOAL = 1.1

# CPU milliseconds per job, by the name of the part.
Sample = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the way of some jobs. `run` does it, and returns for how many jobs it was.

    AWS itself does a part without a name, so its time is not counted.
    """

    run: Callable[[], float]
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The CPU milliseconds per job: `ours` by part, and those of the emulator that stands for AWS."""

    ours: Sample
    emulator: float


def measure_parts(parts: Iterable[Part], ours: Callable[[], float], emulator: Callable[[], float]) -> Cost:
    """Run the parts in order. `ours` and `emulator` are clocks of CPU time in seconds."""
    by_part: dict[str, float] = {}
    emulated_ms = 0.0
    for part in parts:
        ours_before, emulator_before = ours(), emulator()
        jobs = part.run()
        if part.name:
            by_part[part.name] = 1000 * (ours() - ours_before) / jobs
        emulated_ms += 1000 * (emulator() - emulator_before) / jobs
    return Cost(ours=by_part, emulator=emulated_ms)


def build_entry(few: Sequence[Cost], many: Sequence[Cost], *, waiting: tuple[int, int]) -> Entry:
    """The ratio of our CPU time per job with many waiting jobs over that with few, by pairs of samples.

    `beside` has the milliseconds per job of each part, with few and with many waiting jobs, and the part that grows
    most: a small part can grow much before the whole does.
    """
    growth = {
        part: median(long.ours[part] / short.ours[part] for short, long in zip(few, many, strict=True))
        for part in few[0].ours
    }
    most = max(growth, key=growth.__getitem__)
    parts = {
        f"{part}_ms": [round(median(cost.ours[part] for cost in costs), 3) for costs in (few, many)] for part in growth
    }
    return build_ratio(
        "queue_growth_ratio",
        [sum(cost.ours.values()) for cost in many],
        [sum(cost.ours.values()) for cost in few],
        goal=GOAL,
        beside={
            "waiting_jobs": list(waiting),
            "most_growth": f"{most} {growth[most]:.2f}",
            **parts,
            "emulator_ms": [round(median(cost.emulator for cost in costs), 1) for costs in (few, many)],
        },
    )
