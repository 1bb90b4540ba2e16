"""Series of a result over time, for plots."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.demand import INTERACTIVE
from simulation.results import Result, quantile

STEPS = 960  # at most


@dataclass(frozen=True, kw_only=True)
class Series:
    """Averages over steps of equal length. Times are in hours.

    `demand` is the work that was submitted, in GPU-seconds per second: the tasks that it needs. `spot`, `on_demand`,
    `starting` and `draining` are tasks. `p50` and `p99` are the waits of interactive jobs that were submitted in the
    step, in seconds.
    """

    hours: Sequence[float]
    demand: Sequence[float]
    spot: Sequence[float]
    on_demand: Sequence[float]
    starting: Sequence[float]
    draining: Sequence[float]
    p50: Sequence[float]
    p99: Sequence[float]


def build_series(result: Result, start: float = 0.0, end: float | None = None) -> Series:
    """The series of a span; without `end`, up to the end of the demand."""
    end = result.demand.length_s if end is None else end
    step_s = max(300.0, (end - start) / STEPS)
    steps = max(1, round((end - start) / step_s))
    work = [0.0] * steps
    for job in result.demand.jobs:
        if start <= job.at < end:
            work[min(steps - 1, int((job.at - start) // step_s))] += job.work_s
    waits: list[list[float]] = [[] for _ in range(steps)]
    for at, wait in result.list_waits(INTERACTIVE, start, end):
        waits[min(steps - 1, int((at - start) // step_s))].append(wait)
    tasks = [[0.0] * steps for _ in range(4)]
    decisions = [0] * steps
    pools = len(result.demand.pools)
    for sample in result.samples:
        if start <= sample.at < end:
            step = min(steps - 1, int((sample.at - start) // step_s))
            decisions[step] += 1
            for kind, count in enumerate((sample.spot, sample.on_demand, sample.starting, sample.draining)):
                tasks[kind][step] += count
    averages = [
        [total * pools / count if count else 0.0 for total, count in zip(kind, decisions, strict=True)]
        for kind in tasks
    ]
    ordered = [sorted(each) for each in waits]
    return Series(
        hours=[(start + (step + 0.5) * step_s) / 3600 for step in range(steps)],
        demand=[each / step_s for each in work],
        spot=averages[0],
        on_demand=averages[1],
        starting=averages[2],
        draining=averages[3],
        p50=[quantile(each, 0.5) for each in ordered],
        p99=[quantile(each, 0.99) for each in ordered],
    )
