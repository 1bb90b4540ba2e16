"""A policy that knows the demand."""

from collections.abc import Mapping
from itertools import accumulate
from math import ceil

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import FleetObservation
from simulation.demand import Demand
from simulation.policies import Messages

STEP_S = 20


class Clairvoyant:
    """Tasks for the work that will arrive: what no policy can do, as a bound.

    At each step it plans the fewest tasks that, if they stayed, would let no work wait for more than `wait_s` during
    the next `horizon_s`. A task is requested a cold start before it is needed, and kept if it is needed again within a
    cold start.
    """

    every_s: float = STEP_S

    def __init__(self, demand: Demand, wait_s: float = 40.0, horizon_s: float = 300.0) -> None:
        self._needed: dict[str, list[int]] = {}
        for name in demand.pools:
            work = [0.0] * (int(demand.length_s // STEP_S) + 1)
            for job in demand.jobs:
                if job.pool == name:
                    work[int(job.at // STEP_S)] += job.work_s
            self._needed[name] = _plan(work, wait_s, round(horizon_s / STEP_S))

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
        step = round(observation.at / STEP_S)
        decisions = {}
        for name, pool in observation.pools.items():
            ahead = ceil(pool.cold_start_s / STEP_S) + 1
            needed = max(self._needed[name][step : step + ahead], default=0)
            late = ceil(pool.interactive.late_s / 60)
            decisions[name] = PoolDecision(
                spot=min(max(needed + late, pool.spot.minimum), pool.spot.maximum),
                on_demand=0,
                reason=f"{needed} tasks will be needed, {late} for late work",
            )
        return decisions


def _plan(work: list[float], wait_s: float, horizon: int) -> list[int]:
    """The tasks of each step, from the work that arrives in each."""
    planned, backlog_s = [], 0.0
    for step, arrived_s in enumerate(work):
        totals = accumulate(work[step : step + horizon], initial=backlog_s)
        next(totals)
        tasks = ceil(max(total / (index * STEP_S + wait_s) for index, total in enumerate(totals, 1)) - 1e-9)
        planned.append(tasks)
        backlog_s = max(0.0, backlog_s + arrived_s - tasks * STEP_S)
    return planned
