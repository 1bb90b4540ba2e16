"""Observations that cannot be used: the last good counts stand, and a fault names the field."""

from dataclasses import replace
from math import inf, nan

import pytest

from craftspark.fleet.decisions import Memory
from craftspark.fleet.observations import LaneWork, Limits, PoolObservation, SpotMarket
from craftspark.fleet.policy.checks import Unusable
from craftspark.fleet.policy.decide import decide
from tests.unit.fleet.observed import MONDAY, PLENTY, fleet, on_demand, pool, spot

BUSY = pool(arrived_s=100.0)
ABSURD = {
    "interactive.waiting_s": replace(BUSY, interactive=LaneWork(waiting_s=-1.0)),
    "interactive.late_s": replace(BUSY, interactive=LaneWork(late_s=nan)),
    "interactive.in_progress_s": replace(BUSY, interactive=LaneWork(in_progress_s=inf)),
    "interactive.arrived_s": replace(BUSY, interactive=LaneWork(arrived_s=nan)),
    "interactive.oldest_s": replace(BUSY, interactive=LaneWork(oldest_s=-5.0)),
    "bulk.waiting_s": replace(BUSY, bulk=LaneWork(waiting_s=1e300)),
    "bulk.arrived_s": replace(BUSY, bulk=LaneWork(arrived_s=-0.5)),
    "spot.running": replace(BUSY, spot=spot(running=-1)),
    "spot.starting": replace(BUSY, spot=spot(starting=10**9)),
    "spot.minimum": replace(BUSY, spot=spot(minimum=5, maximum=4)),
    "spot.price": replace(BUSY, spot=spot(price=0.0)),
    "spot.oldest_start_s": replace(BUSY, spot=spot(oldest_start_s=nan)),
    "on_demand.draining": replace(BUSY, on_demand=on_demand(draining=-2)),
    "on_demand.desired": replace(BUSY, on_demand=on_demand(desired=-2)),
    "on_demand.price": replace(BUSY, on_demand=on_demand(price=nan)),
    "on_demand.maximum": replace(BUSY, spot=spot(maximum=0), on_demand=on_demand(maximum=0)),
    "markets.0.interrupted": replace(BUSY, markets=(SpotMarket(zone="a", family="g6", interrupted=-1),)),
    "cold_start_s": replace(BUSY, cold_start_s=0.0),
    "age_s": replace(BUSY, age_s=600.0),
    "launched": replace(BUSY, launched=-1),
    "bulk_within_s": replace(BUSY, bulk_within_s=nan),
}


@pytest.mark.parametrize(("field", "observed"), ABSURD.items(), ids=ABSURD)
def test_the_last_counts_of_a_pool_stand_where_its_observation_is_absurd(field: str, observed: PoolObservation) -> None:
    before = decide(fleet(draw=BUSY, scale=BUSY), Memory(), PLENTY)

    decision = decide(fleet(MONDAY + 20, draw=observed, scale=BUSY), before.memory, PLENTY)

    assert [fault.field for fault in decision.faults] == [f"pools.draw.{field}"]
    assert (decision.pools["draw"].spot, decision.pools["draw"].on_demand) == (before.pools["draw"].spot, 0)
    assert decision.pools["draw"].spot > 0
    assert field in decision.pools["draw"].reason
    assert decision.pools["draw"].supply is None
    assert decision.pools["scale"].supply is not None


def test_a_capacity_type_that_a_pool_does_not_have_needs_no_price() -> None:
    decision = decide(fleet(draw=replace(BUSY, spot=spot(maximum=0, price=0.0))), Memory(), PLENTY)

    assert not decision.faults
    assert decision.pools["draw"].spot == 0
    assert decision.pools["draw"].on_demand > 0


def test_a_pool_that_is_missing_keeps_its_tasks_for_ten_minutes() -> None:
    memory = decide(fleet(draw=BUSY, scale=BUSY), Memory(), PLENTY).memory

    soon = decide(fleet(MONDAY + 20, scale=BUSY), memory, PLENTY)
    later = decide(fleet(MONDAY + 700, scale=BUSY), soon.memory, PLENTY)

    assert [fault.field for fault in soon.faults] == ["pools.draw"]
    assert soon.pools["draw"].spot == memory.pools["draw"].spot.desired > 0
    assert not later.faults
    assert "draw" not in later.pools


def test_counts_that_stand_are_not_given_to_other_pools_when_the_limits_are_reached() -> None:
    limits = Limits(dollars_per_hour=1000.0, max_tasks=10)
    busy = pool(waiting_s=1e5)
    before = decide(fleet(draw=busy), Memory(), limits)
    assert before.pools["draw"].spot == 10

    after = decide(fleet(MONDAY + 20, draw=replace(busy, age_s=nan), enlarge=busy), before.memory, limits)

    assert [fault.field for fault in after.faults] == ["pools.draw.age_s"]
    assert (after.pools["draw"].spot, after.pools["enlarge"].spot, after.pools["enlarge"].on_demand) == (10, 0, 0)


@pytest.mark.parametrize("jump_s", [-7200.0, 7200.0, 86_400.0 * 365])
def test_all_counts_stand_for_one_decision_after_a_jump_of_the_clock(jump_s: float) -> None:
    before = decide(fleet(draw=BUSY), Memory(), PLENTY)

    at_once = decide(fleet(MONDAY + jump_s, draw=pool()), before.memory, PLENTY)
    next_one = decide(fleet(MONDAY + jump_s + 20, draw=pool()), at_once.memory, PLENTY)

    assert [fault.field for fault in at_once.faults] == ["at"]
    assert at_once.pools["draw"].spot == before.pools["draw"].spot > 0
    assert not next_one.faults
    assert next_one.pools["draw"].spot == 0


def test_an_observation_that_is_older_than_the_last_one_changes_nothing() -> None:
    before = decide(fleet(draw=BUSY), Memory(), PLENTY)

    again = decide(fleet(MONDAY - 20, draw=pool()), before.memory, PLENTY)

    assert [fault.field for fault in again.faults] == ["at"]
    assert again.memory == before.memory
    assert again.pools["draw"].spot == before.pools["draw"].spot


@pytest.mark.parametrize("at", [nan, inf, -1.0])
def test_an_observation_without_a_time_is_refused(at: float) -> None:
    with pytest.raises(Unusable, match=r"at: .* is no time") as refused:
        decide(fleet(at, draw=BUSY), Memory(), PLENTY)

    assert refused.value.fault.field == "at"


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (Limits(dollars_per_hour=nan, max_tasks=5), "limits.dollars_per_hour"),
        (Limits(dollars_per_hour=-1.0, max_tasks=5), "limits.dollars_per_hour"),
        (Limits(dollars_per_hour=5.0, max_tasks=-1), "limits.max_tasks"),
    ],
)
def test_limits_that_are_absurd_are_refused(limits: Limits, field: str) -> None:
    with pytest.raises(Unusable) as refused:
        decide(fleet(draw=BUSY), Memory(), limits)

    assert refused.value.fault.field == field
