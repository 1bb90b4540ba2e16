"""Scenarios: what is simulated, in a form that another process can run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import merge
from math import ceil
from pathlib import Path

from craftspark.fleet.observations import Limits
from simulation.bound import find_least_cost
from simulation.days import DayShape, build_days
from simulation.demand import DAY_S, Demand
from simulation.engine import simulate
from simulation.policies.fleet import UNLIMITED
from simulation.policies.registry import POLICIES
from simulation.recorded.requests import read_requests
from simulation.recorded.spot import SpotRecording, read_spot
from simulation.results import Figures, Result
from simulation.series import Series, build_series
from simulation.supply import ColdStart, Prices, Supply

# The room of a recorded zone with all its nodes, over the busiest five minutes of the demand.
ROOM = 1.2
PEAK_S = 300
# A second pool, which few jobs need.
RARE = DayShape(jobs_per_day=300, night=0.02, bursts=2, image_s=6.0, makers=200)
BUSY = DayShape(bulk_share=0.02)


@dataclass(frozen=True, kw_only=True)
class Days:
    """Synthetic days. With `pools`, a second pool has few jobs, and some jobs of the first are bulk."""

    count: int = 2
    pools: bool = False


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The requests of a file, each as often as `times` says."""

    path: Path
    times: int = 1
    jitter_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Spot:
    """One recording of a file. A zone with all its nodes up has room for `tasks`; None fits it to the demand.

    Seeds start at different times of the recording.
    """

    path: Path
    name: str
    tasks: int | None = None

    def find_share(self) -> float:
        """The share of the time in which any zone of the recording had a node up."""
        return _read_recordings(self.path)[self.name].find_share()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One simulation. `limits` are those of the stage. `series` asks for what plots need."""

    scenario: str
    policy: str
    seed: int
    demand: Days | Recorded
    spot: Spot | None = None
    cold_start_s: float = 120.0
    prices: Prices = field(default_factory=Prices)
    limits: Limits = UNLIMITED
    series: bool = False


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """The figures of a case: of the first day, which has no history, of the other days, and of all.

    A case of one day has no `others`. `pools` has the figures of each pool if there are several. `least_cost` is what
    recorded spot allows at least, over the cost on demand.
    """

    case: Case
    first: Figures
    others: Figures | None
    whole: Figures
    pools: dict[str, Figures]
    series: Series | None
    least_cost: float | None = None

    @property
    def settled(self) -> Figures:
        """The days with a history, or the only one."""
        return self.others or self.whole


def run(case: Case) -> CaseResult:
    """Simulate a case. Raises RecordingInvalid."""
    demand = _build_demand(case.demand, case.seed)
    policy = POLICIES[case.policy](demand, case.limits)
    supply = _build_supply(case, demand)
    result = simulate(policy, demand, supply, seed=case.seed)
    return CaseResult(
        case=case,
        first=result.measure(0.0, DAY_S),
        others=result.measure(DAY_S) if demand.length_s > DAY_S else None,
        whole=result.measure(),
        pools=_measure_pools(result),
        series=build_series(result) if case.series else None,
        least_cost=find_least_cost(demand, supply) if case.spot else None,
    )


def _measure_pools(result: Result) -> dict[str, Figures]:
    pools = result.demand.pools
    return {pool: result.measure(pool=pool) for pool in pools} if len(pools) > 1 else {}


@lru_cache(maxsize=2)
def _build_demand(demand: Days | Recorded, seed: int) -> Demand:
    if isinstance(demand, Recorded):
        return read_requests(demand.path, times=demand.times, jitter_s=demand.jitter_s, seed=seed)
    if not demand.pools:
        return build_days(seed, days=demand.count, weekday=seed % 7)
    busy = build_days(seed, demand.count, BUSY, "draw", seed % 7)
    rare = build_days(seed, demand.count, RARE, "enlarge", seed % 7)
    return Demand(
        name=f"two pools, seed {seed}",
        jobs=list(merge(busy.jobs, rare.jobs, key=lambda job: job.at)),
        length_s=busy.length_s,
        pools=("draw", "enlarge"),
    )


@lru_cache(maxsize=4)
def _read_recordings(path: Path) -> dict[str, SpotRecording]:
    return {recording.name: recording for recording in read_spot(path)}


def list_recordings(path: Path) -> list[SpotRecording]:
    """The recordings of a file. Raises RecordingInvalid."""
    return list(_read_recordings(path).values())


def _build_supply(case: Case, demand: Demand) -> Supply:
    supply = Supply(cold_start=ColdStart.of(case.cold_start_s), prices=case.prices)
    if not case.spot:
        return supply
    recording = _read_recordings(case.spot.path)[case.spot.name]
    tasks = case.spot.tasks or ceil(ROOM * find_peak(demand))
    latest_start = max(0.0, recording.length_s - demand.length_s)
    zones = recording.scale(tasks, start=(case.seed * 0.6180339887 % 1) * latest_start)
    # Interruptions come only from the recording.
    return Supply(cold_start=supply.cold_start, prices=case.prices, zones=zones, interruptions_per_hour=0.0)


def find_peak(demand: Demand) -> float:
    """The tasks that the busiest five minutes of a demand need."""
    work = [0.0] * (int(demand.length_s // PEAK_S) + 1)
    for job in demand.jobs:
        work[int(job.at // PEAK_S)] += job.work_s
    return max(work) / PEAK_S


def compare(
    scenario: str,
    policies: Sequence[str],
    seeds: Sequence[int],
    demand: Days | Recorded,
    *,
    cold_start_s: float = 120.0,
    spot: Spot | None = None,
    prices: Prices | None = None,
    limits: Limits = UNLIMITED,
    draw: Sequence[str] = (),
) -> list[Case]:
    """The cases of a scenario, those of one demand after another. The first seed of `draw` policies gets plots."""
    return [
        Case(
            scenario=scenario,
            policy=policy,
            seed=seed,
            demand=demand,
            spot=spot,
            cold_start_s=cold_start_s,
            prices=prices or Prices(),
            limits=limits,
            series=seed == seeds[0] and policy in draw,
        )
        for seed in seeds
        for policy in policies
    ]
