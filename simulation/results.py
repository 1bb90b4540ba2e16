"""Results: what happened to every job and task, and the figures of a span of time."""

from collections.abc import Sequence
from dataclasses import dataclass

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import PoolObservation
from simulation.demand import INTERACTIVE, Demand
from simulation.queues import JobRun
from simulation.supply import Supply
from simulation.tasks import SPOT, Task

SOON_S = 60.0


@dataclass(frozen=True)
class Decided:
    """One decision of a pool, and what it was made from."""

    at: float
    pool: str
    observation: PoolObservation
    decision: PoolDecision

    @classmethod
    def of(cls, at: float, pool: str, observation: PoolObservation, decision: PoolDecision) -> "Decided":
        return cls(at, pool, observation, decision)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The figures of a span: jobs that were submitted in it, and tasks that were paid in it.

    `cost_ratio` is the paid GPU time over the pure work. Waits are from the submission to the first step, of the
    interactive lane, in seconds. `soon` is the share of interactive jobs that started within 60 s.
    """

    jobs: int
    work_s: float
    paid_s: float
    spot_s: float
    dollars: float
    images: int
    p50: float
    p95: float
    p99: float
    longest: float
    soon: float
    bulk_p99: float
    refused: int
    most_tasks: int

    @property
    def cost_ratio(self) -> float:
        return self.paid_s / self.work_s if self.work_s else 0.0

    @property
    def dollars_per_1000(self) -> float:
        """Dollars per 1,000 images."""
        return 1000 * self.dollars / self.images if self.images else 0.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a simulation did. `wasted_s` is GPU time of images that interruptions cut off."""

    demand: Demand
    supply: Supply
    ended_at: float
    runs: Sequence[JobRun]
    tasks: Sequence[Task]
    decided: Sequence[Decided]
    interruptions: int
    wasted_s: float
    rendered_s: float

    def measure(self, start: float = 0.0, end: float | None = None) -> Figures:
        """The figures of a span of time; without `end`, up to the end of the simulation."""
        end = self.ended_at + 1e-9 if end is None else end
        runs = [run for run in self.runs if start <= run.job.at < end]
        waits = sorted(self._wait(run) for run in runs if run.job.lane == INTERACTIVE and not run.refused)
        bulk = sorted(self._wait(run) for run in runs if run.job.lane != INTERACTIVE and not run.refused)
        refused = sum(run.refused for run in runs)
        paid = [0.0, 0.0]
        for task in self.tasks:
            paid[task.type] += max(0.0, min(task.ended + self.supply.release_s, end) - max(task.requested, start))
        prices = self.supply.prices
        asked = len(waits) + sum(run.refused for run in runs if run.job.lane == INTERACTIVE)
        return Figures(
            jobs=len(runs),
            work_s=sum(run.job.work_s for run in runs if not run.refused),
            paid_s=sum(paid),
            spot_s=paid[SPOT],
            dollars=(paid[0] * prices.spot + paid[1] * prices.on_demand) / 3600,
            images=sum(run.job.images for run in runs if not run.refused),
            p50=quantile(waits, 0.5),
            p95=quantile(waits, 0.95),
            p99=quantile(waits, 0.99),
            longest=waits[-1] if waits else 0.0,
            soon=sum(wait <= SOON_S for wait in waits) / asked if asked else 1.0,
            bulk_p99=quantile(bulk, 0.99),
            refused=refused,
            most_tasks=max((_count(each) for each in self.decided if start <= each.at < end), default=0),
        )

    def _wait(self, run: JobRun) -> float:
        return (run.started if run.started >= 0 else self.ended_at) - run.job.at


def _count(decided: Decided) -> int:
    seen = decided.observation
    return sum(each.running + each.starting + each.draining for each in (seen.spot, seen.on_demand))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of the sorted values is, or 0 without values."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
