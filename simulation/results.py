"""Results: what happened to every job and task, and the figures of a span of time."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import PoolObservation
from simulation.demand import BULK, INTERACTIVE, Demand, Job
from simulation.model.admission import ADMITTED, OFFERED_BULK, PLAN_SHARES, plan_of
from simulation.model.outcomes import NEVER, Outcomes
from simulation.model.tasks import ON_DEMAND, SPOT, Task
from simulation.supply import Supply

SOON_S = 60.0


class Sample(NamedTuple):
    """One decision of a pool, and the tasks and the work that it was made from."""

    at: float
    pool: str
    spot: int
    on_demand: int
    starting: int
    draining: int
    arrived_s: float
    waiting_s: float
    oldest_s: float
    reason: str

    @classmethod
    def of(cls, at: float, pool: str, seen: PoolObservation, decision: PoolDecision) -> "Sample":
        return cls(
            at=at,
            pool=pool,
            spot=seen.spot.running,
            on_demand=seen.on_demand.running,
            starting=seen.spot.starting + seen.on_demand.starting,
            draining=seen.spot.draining + seen.on_demand.draining,
            arrived_s=seen.interactive.arrived_s + seen.bulk.arrived_s,
            waiting_s=seen.interactive.waiting_s + seen.bulk.waiting_s,
            oldest_s=seen.interactive.oldest_s,
            reason=decision.reason,
        )

    @property
    def tasks(self) -> int:
        return self.spot + self.on_demand + self.starting + self.draining


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The figures of a span: jobs that were submitted in it, and tasks that were paid in it.

    Waits are from the submission to the first step, in seconds, of interactive jobs that were not refused. `soon` is
    the share of all interactive jobs that started within 60 s. `offered_bulk` of the `refused` jobs would have been
    accepted in the bulk lane. `refused_by_plan` has the share of the interactive jobs of each plan that were refused.
    """

    jobs: int
    work_s: float
    spot_s: float
    on_demand_s: float
    dollars: float
    images: int
    p50: float
    p95: float
    p99: float
    longest: float
    soon: float
    bulk_p99: float
    refused: int
    offered_bulk: int
    refused_by_plan: Mapping[str, float]
    most_tasks: int
    interruptions: int
    wasted_s: float

    @property
    def paid_s(self) -> float:
        """The GPU time that was paid, from the launches of tasks to their ends."""
        return self.spot_s + self.on_demand_s

    @property
    def cost_ratio(self) -> float:
        """The paid GPU time over the pure work."""
        return self.paid_s / self.work_s if self.work_s else 0.0

    @property
    def dollars_per_1000(self) -> float:
        """Dollars per 1,000 images."""
        return 1000 * self.dollars / self.images if self.images else 0.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a simulation did.

    `interrupted_at` are the times of spot notices. `cut_off` are the times at which images were cut off, and the GPU
    time that was lost. `rendered_s` is the GPU time of finished images.
    """

    demand: Demand
    supply: Supply
    ended_at: float
    outcomes: Outcomes
    tasks: Sequence[Task]
    samples: Sequence[Sample]
    interrupted_at: Sequence[float]
    cut_off: Sequence[tuple[float, float]]
    rendered_s: float

    def list_waits(self, lane: int, start: float, end: float, pool: str | None = None) -> list[tuple[float, float]]:
        """Each job of a lane that was submitted in a span and not refused: its submission and its wait."""
        jobs, started, refused = self.demand.jobs, self.outcomes.started, self.outcomes.refused
        first = bisect_left(jobs, start, key=lambda job: job.at)
        last = bisect_left(jobs, end, key=lambda job: job.at)
        return [
            (jobs[index].at, (self.ended_at if started[index] == NEVER else started[index]) - jobs[index].at)
            for index in range(first, last)
            if jobs[index].lane == lane and not refused[index] and pool in (None, jobs[index].pool)
        ]

    def measure(self, start: float = 0.0, end: float | None = None, *, pool: str | None = None) -> Figures:
        """The figures of a span, of one pool or of all; without `end`, up to the end of the simulation.

        Interruptions and waste are those of all pools.
        """
        end = self.ended_at + 1.0 if end is None else end
        waits = sorted(wait for _, wait in self.list_waits(INTERACTIVE, start, end, pool))
        bulk = sorted(wait for _, wait in self.list_waits(BULK, start, end, pool))
        inside = [
            (job, refused)
            for job, refused in zip(self.demand.jobs, self.outcomes.refused, strict=True)
            if start <= job.at < end and pool in (None, job.pool)
        ]
        asked = sum(job.lane == INTERACTIVE for job, _ in inside)
        paid = [self._paid_s(capacity, start, end, pool) for capacity in (SPOT, ON_DEMAND)]
        prices = self.supply.prices
        return Figures(
            jobs=len(inside),
            work_s=sum(job.work_s for job, refused in inside if not refused),
            spot_s=paid[SPOT],
            on_demand_s=paid[ON_DEMAND],
            dollars=(paid[SPOT] * prices.spot + paid[ON_DEMAND] * prices.on_demand) / 3600,
            images=sum(job.images for job, refused in inside if not refused),
            p50=quantile(waits, 0.5),
            p95=quantile(waits, 0.95),
            p99=quantile(waits, 0.99),
            longest=waits[-1] if waits else 0.0,
            soon=sum(wait <= SOON_S for wait in waits) / asked if asked else 1.0,
            bulk_p99=quantile(bulk, 0.99),
            refused=sum(refused != ADMITTED for _, refused in inside),
            offered_bulk=sum(refused == OFFERED_BULK for _, refused in inside),
            refused_by_plan=_share_refused(inside),
            most_tasks=max((sample.tasks for sample in self.samples if start <= sample.at < end), default=0),
            interruptions=sum(start <= at < end for at in self.interrupted_at),
            wasted_s=sum(lost_s for at, lost_s in self.cut_off if start <= at < end),
        )

    def _paid_s(self, capacity: int, start: float, end: float, pool: str | None) -> float:
        release_s = self.supply.release_s
        return sum(
            max(0.0, min(task.ended + release_s, end) - max(task.launched, start))
            for task in self.tasks
            if task.type == capacity and pool in (None, task.pool)
        )


def _share_refused(judged: Sequence[tuple[Job, int]]) -> dict[str, float]:
    if not any(refused for _, refused in judged):
        return dict.fromkeys(PLAN_SHARES, 0.0)
    plans = [(plan_of(job.maker), refused) for job, refused in judged if job.lane == INTERACTIVE]
    asked = Counter(plan for plan, _ in plans)
    lost = Counter(plan for plan, refused in plans if refused)
    return {plan: lost[plan] / max(1, asked[plan]) for plan in PLAN_SHARES}


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of the sorted values is, or 0 without values."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
