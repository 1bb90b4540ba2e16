"""Results of simulations that never ran, for tests of reports."""

from dataclasses import replace

from simulation.model.admission import PLAN_SHARES
from simulation.results import Figures
from simulation.scenarios import Case, CaseResult, Days
from simulation.series import Series

FIGURES = Figures(
    jobs=100,
    work_s=1000.0,
    spot_s=1100.0,
    on_demand_s=0.0,
    dollars=1.0,
    images=400,
    p50=0.0,
    p95=10.0,
    p99=40.0,
    longest=80.0,
    soon=0.995,
    bulk_p99=0.0,
    refused=0,
    offered_bulk=0,
    refused_by_plan=dict.fromkeys(PLAN_SHARES, 0.0),
    most_tasks=5,
    interruptions=2,
    wasted_s=3.0,
)
SERIES = Series(
    hours=(0.5, 1.5),
    demand=(1.0, 2.0),
    spot=(1.0, 2.0),
    on_demand=(0.0, 1.0),
    starting=(0.0, 0.0),
    draining=(0.0, 0.0),
    p50=(0.0, 1.0),
    p99=(5.0, 70.0),
)


def figures(cost: float = 1.1, soon: float = 0.995, **changes: float) -> Figures:
    """Figures with this cost over pure work and this share within 60 s."""
    return replace(FIGURES, spot_s=cost * FIGURES.work_s, soon=soon, **changes)  # type: ignore[arg-type]


def result(case: Case, others: Figures, first: Figures = FIGURES, series: Series | None = None) -> CaseResult:
    """A result whose figures of all days are those of the other days."""
    return CaseResult(case=case, first=first, others=others, whole=others, pools={}, series=series)


def days(policy: str, seed: int = 301, cold_start_s: float = 120.0, scenario: str = "days") -> Case:
    return Case(scenario=scenario, policy=policy, seed=seed, demand=Days(), cold_start_s=cold_start_s)
