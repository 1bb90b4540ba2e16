"""Fairness: what one maker's flood does to the waits of all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

from simulation.demand import Demand, Job
from simulation.engine import FAIR_QUEUES, simulate
from simulation.model.queues import Fairness
from simulation.policies.fleet import FleetPolicy
from simulation.results import quantile
from simulation.supply import Supply

MAKERS = 200
WORK_S = 8.0
IMAGES = 4
# The others' work, in tasks.
LOAD = 20.0
CALM_S, FLOOD_S = 3600.0, 1800.0
FLOODER = 0
# First in, first out: no maker is ever noisy.
FIRST_IN_FIRST_OUT = Fairness(share=1.0)


@dataclass(frozen=True, kw_only=True)
class Flood:
    """The others' p99 wait in seconds without and with the flood, in the time of the flood, by seed."""

    calm: Sequence[float]
    flooded: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median over the seeds of the p99 wait with the flood over the p99 wait without it.

        A wait of less than a second counts as a second: what nobody notices is no loss.
        """
        return median(max(1.0, after) / max(1.0, before) for before, after in zip(self.calm, self.flooded, strict=True))


def simulate_flood(
    *,
    times: float = 100.0,
    seeds: Sequence[int] = range(1, 9),
    fairness: Fairness = FAIR_QUEUES,
    supply: Supply | None = None,
) -> Flood:
    """One maker submits `times` what each of the others does, for 30 minutes, under the fleet's policy."""
    calm: list[float] = []
    flooded: list[float] = []
    for seed in seeds:
        for flood, found in ((0.0, calm), (times, flooded)):
            result = simulate(FleetPolicy(), _build(seed, flood), supply, seed=seed, fairness=fairness)
            waits = [
                started - job.at
                for job, started in zip(result.demand.jobs, result.outcomes.started, strict=True)
                if job.maker != FLOODER and CALM_S <= job.at < CALM_S + FLOOD_S and started >= 0
            ]
            found.append(quantile(sorted(waits), 0.99))
    return Flood(calm=calm, flooded=flooded)


def _build(seed: int, times: float) -> Demand:
    """Poisson arrivals of equal makers, and of the flood. The others' jobs are the same with every flood."""
    random, flood = Random(seed), Random(-seed)
    end = CALM_S + FLOOD_S
    jobs = [*_arrive(random, LOAD / WORK_S, 0.0, end, None)]
    if times:
        jobs += _arrive(flood, times * LOAD / WORK_S / (MAKERS - 1), CALM_S, end, FLOODER)
    return Demand(name=f"flood x {times:g}", jobs=sorted(jobs, key=lambda job: job.at), length_s=end)


def _arrive(random: Random, per_s: float, start: float, end: float, maker: int | None) -> list[Job]:
    jobs, at = [], start + random.expovariate(per_s)
    while at < end:
        who = random.randrange(1, MAKERS) if maker is None else maker
        jobs.append(Job(at=at, images=IMAGES, image_s=random.uniform(0.5, 1.5) * WORK_S / IMAGES, maker=who))
        at += random.expovariate(per_s)
    return jobs
