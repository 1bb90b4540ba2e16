"""Without usable observations, or with a decision above a limit, the last counts stand."""

from dataclasses import replace
from math import nan
from typing import Any

import pytest

from craftspark.fleet.controller import run as controller
from craftspark.fleet.controller.pools import ControlledService
from craftspark.fleet.controller.readings import Counters, PoolReading, ServiceReading
from craftspark.fleet.controller.run import DecisionRefused, Record
from craftspark.fleet.decisions import Fault, PoolDecision
from craftspark.fleet.observations import LaneWork
from craftspark.fleet.policy.checks import Unusable
from craftspark.fleet.policy.decide import decide
from tests.unit.fleet.stage import DRAW, READING, SPOT, Stage, decided


def test_a_pool_whose_observation_the_policy_cannot_use_keeps_its_counts(stage: Stage) -> None:
    """The policy's last counts are those of its memory, which the first decision does not have."""
    stage.decided = decided(spot=0, on_demand=0, supply=None)

    stage.run()

    assert stage.services.changes == []


def test_a_pool_that_cannot_be_observed_keeps_its_counts_and_its_counters(stage: Stage) -> None:
    stage.run()
    stage.services.changes.clear()
    stage.clock.now += 20
    stage.readings.reading = Fault(field="pools.draw", detail="there is no service")

    outcome = stage.run()

    assert outcome.faults == (stage.readings.reading,)
    assert stage.observations[1][0].pools == {}
    assert stage.services.changes == []
    assert stage.records.record.counters["draw"] == READING.counters


@pytest.mark.parametrize(
    ("counts", "limits", "reason"),
    [
        (decided(spot=9, on_demand=0), {}, "draw, spot: 9 tasks, not 0 to 8"),
        (decided(spot=1, on_demand=-1), {}, "draw, on-demand: -1 tasks"),
        (decided(spot=8, on_demand=3), {}, "11 tasks, more than 10"),
        (decided(spot=8, on_demand=2), {"dollars_per_hour": 4.0}, "4.80 dollars per hour"),
    ],
)
def test_nothing_of_a_decision_above_a_limit_is_carried_out(
    stage: Stage, counts: PoolDecision, limits: dict[str, Any], reason: str
) -> None:
    stage.decided, stage.limits = counts, replace(stage.limits, **limits)

    with pytest.raises(DecisionRefused, match=reason):
        stage.run()

    assert (stage.records.record, stage.services.changes) == (Record(), [])


@pytest.fixture
def real(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A controller with the fleet's policy, after its first decision."""
    monkeypatch.setattr(controller, "decide", decide)
    stage.run()
    stage.services.changes.clear()
    stage.clock.now += 20
    return stage


@pytest.mark.parametrize(
    ("change", "field_"),
    [
        ({"interactive": LaneWork(waiting_s=nan)}, "pools.draw.interactive.waiting_s"),
        ({"bulk": LaneWork(oldest_s=-1.0)}, "pools.draw.bulk.oldest_s"),
        ({"launch_s": 0.0}, "pools.draw.cold_start_s"),
        ({"spot": ServiceReading(desired=1, running=2_000_000)}, "pools.draw.spot.running"),
        ({"pace": nan, "counters": Counters(work_s={"bulk": 60.0})}, "pools.draw.interactive.arrived_s"),
    ],
)
def test_an_absurd_reading_lets_the_last_counts_stand(real: Stage, change: dict[str, Any], field_: str) -> None:
    real.readings.reading = replace(READING, **change)

    outcome = real.run()

    assert [fault.field for fault in outcome.faults] == [field_]
    assert real.services.changes == []


def steady(stage: Stage, seconds: float, work_per_s: float) -> list[str]:
    """Decide every 20 s while work arrives at this rate, by the profile. The reasons of the decisions."""
    reasons = []
    for _ in range(round(seconds / 20)):
        grow(stage, 20 * work_per_s)
        reasons.append(stage.run().decision.pools["draw"].reason)
        stage.clock.now = round(stage.clock.now / 20) * 20 + 20
    return reasons


def grow(stage: Stage, work_s: float) -> None:
    before = stage.readings.reading
    assert isinstance(before, PoolReading)
    total = before.counters.work_s["interactive"] + work_s
    stage.readings.reading = replace(before, counters=Counters(work_s={"interactive": total, "bulk": 0.0}))


FAULTS = [
    Fault(field="pools.draw", detail="there is no service draw-spot"),
    replace(READING, interactive=LaneWork(waiting_s=nan)),
]


@pytest.mark.parametrize("fault", FAULTS, ids=["not read", "not usable"])
def test_work_that_arrived_while_a_pool_could_not_be_observed_counts_for_all_of_this_time(
    real: Stage, fault: PoolReading | Fault
) -> None:
    real.readings.reading = replace(READING, pace=1.0, interactive=LaneWork())
    before = steady(real, 800, work_per_s=3.0)[-1]
    usable = real.readings.reading
    for _ in range(10):
        broken = fault
        if isinstance(fault, PoolReading):
            grow(real, 20 * 3.0)
            usable = real.readings.reading
            broken = replace(fault, counters=usable.counters)
        real.readings.reading = broken
        assert real.run().faults
        real.readings.reading = usable
        real.clock.now = round(real.clock.now / 20) * 20 + 20
    if isinstance(fault, Fault):
        grow(real, 200 * 3.0)

    after = steady(real, 20, work_per_s=3.0)[-1]

    assert before.startswith("3.0 tasks for arrivals, 0.0 for chance")
    assert after.startswith("3.0 tasks for arrivals, 0.0 for chance")


def test_a_pool_that_was_away_for_so_long_that_it_is_forgotten_starts_with_its_present_counts(real: Stage) -> None:
    steady(real, 400, work_per_s=3.0)
    grow(real, 1200 * 3.0)
    reading, real.services.changes = real.readings.reading, []
    for _ in range(60):
        real.readings.reading = Fault(field="pools.draw", detail="there is no service draw-spot")
        real.run()
        real.clock.now = round(real.clock.now / 20) * 20 + 20
    assert isinstance(reading, PoolReading)
    real.readings.reading = replace(reading, interactive=LaneWork(), spot=ServiceReading(desired=6, running=6))

    assert real.run().changes == ()


def test_a_lost_record_takes_no_tasks_away_before_arrivals_are_known(real: Stage) -> None:
    busy = ServiceReading(desired=6, running=6)
    idle = replace(READING, pace=1.0, interactive=LaneWork(), spot=busy, on_demand=ServiceReading(desired=2, running=2))
    real.readings.reading, real.records.record = idle, Record(version=7)

    reasons = steady(real, 80, work_per_s=4.0)

    assert all(change.after >= change.before for change in real.services.changes)
    assert reasons[0].endswith("the present counts until arrivals are known")
    steady(real, 200, work_per_s=4.0)
    assert real.services.changes[-1].after < 6


@pytest.mark.parametrize("jump_s", [-5.0, -86_400.0, 86_400.0])
def test_a_clock_that_jumps_lets_the_last_counts_stand_and_decisions_go_on(real: Stage, jump_s: float) -> None:
    busy = replace(READING, interactive=LaneWork(waiting_s=900.0, late_s=900.0, oldest_s=60.0))
    real.readings.reading = busy
    real.clock.now += jump_s - 20

    outcome = real.run()
    assert [fault.field for fault in outcome.faults] == ["at"]
    assert real.services.changes == []

    real.clock.now += 40
    assert real.run().faults == ()
    assert real.services.changes


def test_readings_that_took_too_long_are_stale(real: Stage) -> None:
    real.readings.takes_s = 120.0

    assert [fault.field for fault in real.run().faults] == ["pools.draw.age_s"]
    assert real.services.changes == []


@pytest.mark.parametrize(
    ("service", "field_"),
    [
        (replace(SPOT, price=0.0), "pools.draw.spot.price"),
        (replace(SPOT, minimum=9), "pools.draw.spot.minimum"),
    ],
)
def test_limits_that_contradict_each_other_let_the_last_counts_stand(
    real: Stage, service: ControlledService, field_: str
) -> None:
    real.pool = replace(DRAW, spot=service)

    assert [fault.field for fault in real.run().faults] == [field_]
    assert real.services.changes == []


def test_a_budget_that_is_no_number_lets_the_last_counts_stand(real: Stage) -> None:
    real.limits = replace(real.limits, dollars_per_hour=nan)

    with pytest.raises(Unusable, match=r"limits\.dollars_per_hour"):
        real.run()
    assert real.services.changes == []
