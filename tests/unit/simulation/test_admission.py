"""Admission in the simulation: the product's rule, by the plans of makers."""

from collections import Counter

import pytest

from craftspark.accounts.plans import PLANS
from craftspark.fleet.observations import Limits
from simulation.demand import BULK, INTERACTIVE, Demand, Job
from simulation.engine import simulate
from simulation.model.admission import ADMITTED, OFFERED_BULK, PLAN_SHARES, REFUSED, plan_of
from simulation.policies.fleet import UNLIMITED, FleetPolicy
from simulation.policies.on_demand_only import OnDemandOnly
from simulation.results import Result
from simulation.supply import Supply
from tests.unit.simulation.test_spot import Constant

CALM = Supply(interruptions_per_hour=0.0)
MAKERS = {name: next(maker for maker in range(1000) if plan_of(maker) == name) for name in PLAN_SHARES}
BY_LIMIT = sorted(PLAN_SHARES, key=lambda name: PLANS[name].admitted_wait_s)


def flood(per_s: float, seconds: int, *, work_s: float = 8.0) -> Demand:
    """Jobs of many makers, after a cold start."""
    jobs = [Job(at=300 + index / per_s, images=1, image_s=work_s, maker=index) for index in range(int(per_s * seconds))]
    return Demand(name="flood", jobs=jobs, length_s=300.0 + seconds)


def last_verdicts(
    queued_s: float, tasks: int, *, lane: int = INTERACTIVE, deadline_s: float = 3600.0
) -> dict[str, int]:
    """What becomes of one job of each plan behind `queued_s` of a partner's work. The pool can get no more tasks."""
    limited = Supply(interruptions_per_hour=0.0, max_tasks=tasks, deadline_s=deadline_s)
    ahead = Job(at=300.0, images=80, image_s=queued_s / 80, maker=MAKERS["partner"])
    asked = [Job(at=300.5, images=1, image_s=0.001, maker=maker, lane=lane) for maker in MAKERS.values()]
    result = simulate(Constant(spot=tasks), Demand(name="d", jobs=[ahead, *asked], length_s=600.0), limited)
    return dict(zip(MAKERS, result.outcomes.refused[1:], strict=True))


def test_makers_have_plans_by_the_stated_shares() -> None:
    found = Counter(plan_of(maker) for maker in range(20_000))

    assert sum(PLAN_SHARES.values()) == pytest.approx(1.0)
    assert {name: found[name] / 20_000 for name in PLAN_SHARES} == pytest.approx(PLAN_SHARES, abs=0.01)


@pytest.mark.parametrize(("wait_s", "refused"), [(50, 0), (90, 1), (150, 2), (210, 3), (300, 4)])
def test_plans_are_refused_in_the_order_of_the_wait_that_they_accept(wait_s: float, refused: int) -> None:
    verdicts = last_verdicts(wait_s * 2, tasks=2)

    assert [name for name in BY_LIMIT if verdicts[name] != ADMITTED] == BY_LIMIT[:refused]


def test_a_plan_with_the_bulk_lane_is_offered_it_and_the_free_plan_is_not() -> None:
    verdicts = last_verdicts(600, tasks=2)

    assert verdicts == {"free": REFUSED, "plus": OFFERED_BULK, "pro": OFFERED_BULK, "partner": OFFERED_BULK}


def test_a_wait_beyond_the_deadline_is_refused_in_both_lanes_and_no_lane_is_offered() -> None:
    assert set(last_verdicts(600, tasks=2, deadline_s=240.0).values()) == {REFUSED}
    assert set(last_verdicts(600, tasks=2, deadline_s=240.0, lane=BULK).values()) == {REFUSED}
    assert set(last_verdicts(600, tasks=2, lane=BULK).values()) == {ADMITTED}


def test_nobody_is_refused_while_tasks_can_be_added() -> None:
    demand = flood(per_s=20.0, seconds=120)

    assert not any(simulate(Constant(spot=4), demand, CALM).outcomes.refused)
    assert not any(simulate(FleetPolicy(), demand, CALM).outcomes.refused)


def test_the_fleet_s_own_limits_refuse_free_plans_first() -> None:
    def limited(**limits: float) -> Result:
        merged = {"dollars_per_hour": UNLIMITED.dollars_per_hour, "max_tasks": UNLIMITED.max_tasks, **limits}
        return simulate(FleetPolicy(Limits(**merged)), flood(per_s=4.0, seconds=900), CALM)  # type: ignore[arg-type]

    dear = OnDemandOnly(FleetPolicy(Limits(dollars_per_hour=20 * CALM.prices.on_demand, max_tasks=1000)))
    on_demand = simulate(dear, flood(per_s=4.0, seconds=900), CALM)
    for result in (limited(max_tasks=20), limited(dollars_per_hour=20 * CALM.prices.spot), on_demand):
        figures = result.measure()
        shares = figures.refused_by_plan
        assert shares["free"] > shares["plus"] >= shares["pro"] >= shares["partner"]
        assert 0 < figures.offered_bulk < figures.refused < figures.jobs / 2
        assert figures.longest <= PLANS["partner"].admitted_wait_s + 60


def test_figures_count_refused_jobs_once_and_leave_them_out_of_work_and_waits() -> None:
    demand = flood(per_s=4.0, seconds=300)
    result = simulate(Constant(spot=8), demand, Supply(interruptions_per_hour=0.0, max_tasks=8))

    figures = result.measure()

    verdicts = list(result.outcomes.refused)
    assert figures.refused == sum(verdict != ADMITTED for verdict in verdicts) > 0
    assert figures.work_s == pytest.approx(result.rendered_s)
    assert figures.images == len(demand.jobs) - figures.refused
