"""The controller observes its pools, and sets the counts that a policy decided on."""

from dataclasses import replace

import pytest

from craftspark.fleet.controller.launches import Grant, Grants
from craftspark.fleet.controller.readings import Counters, ServiceReading
from craftspark.fleet.controller.run import Change, DecisionRefused
from craftspark.fleet.observations import Limits
from tests.unit.fleet.stage import DRAW, NOON, ON_DEMAND, READING, Stage, decided


def test_counts_that_differ_are_set_and_the_others_are_left(stage: Stage) -> None:
    stage.decided = decided(spot=3, on_demand=0)

    outcome = stage.run()

    assert stage.services.changes == [Change(pool="draw", capacity="spot", before=1, after=3)]
    assert outcome.changes == tuple(stage.services.changes)
    assert stage.records.record.version == 1


def test_arrivals_are_the_growth_of_the_counters_at_the_pool_s_pace(stage: Stage) -> None:
    stage.run()
    stage.clock.now += 20
    stage.readings.reading = replace(READING, counters=Counters(work_s={"interactive": 130.0, "bulk": 50.0}))

    stage.run()

    (first, _), (second, memory) = stage.observations
    assert first.pools["draw"].interactive.arrived_s == 0
    assert (second.pools["draw"].interactive.arrived_s, second.pools["draw"].bulk.arrived_s) == (60.0, 0.0)
    assert memory.decided_at == NOON


def test_a_counter_that_was_created_anew_counts_from_zero(stage: Stage) -> None:
    stage.run()
    stage.clock.now += 20
    stage.readings.reading = replace(READING, counters=Counters(work_s={"interactive": 5.0}))

    stage.run()

    assert stage.observations[1][0].pools["draw"].interactive.arrived_s == 10.0


def test_notices_and_failed_launches_since_the_last_decision_are_of_their_market(stage: Stage) -> None:
    counters = Counters(notices={"a#g5": 4.0})
    stage.readings.reading = replace(READING, counters=counters, spot_instances={"b#g6": 2})
    stage.run()
    stage.clock.now += 20
    counters = Counters(notices={"a#g5": 6.0, "b#g6": 1.0, "c#g4dn": 1.0}, failed={"a": 3.0})
    stage.readings.reading = replace(READING, counters=counters, spot_instances={"b#g6": 2})

    stage.run()

    # A launch tries all families of its zone. The pool no longer uses the third zone.
    assert markets_of(stage) == {
        "a#g5": (0, 2, 3),
        "a#g6": (0, 0, 3),
        "b#g5": (0, 0, 0),
        "b#g6": (2, 1, 0),
        "c#g4dn": (0, 1, 0),
    }


def test_a_failed_launch_of_an_unknown_zone_counts_in_every_zone(stage: Stage) -> None:
    stage.run()
    stage.clock.now += 20
    stage.readings.reading = replace(READING, counters=Counters(failed={"": 1.0}))

    stage.run()

    assert {failed for _, _, failed in markets_of(stage).values()} == {1}


def markets_of(stage: Stage) -> dict[str, tuple[int, int, int]]:
    """What ran, was interrupted and failed in each market by the last observation."""
    return {
        f"{each.zone}#{each.family}": (each.running, each.interrupted, each.failed)
        for each in stage.observations[-1][0].pools["draw"].markets
    }


def test_readings_of_a_pool_are_its_observation(stage: Stage) -> None:
    spot = ServiceReading(desired=4, running=2, start_ages_s=(62.0, 30.0), draining=1)
    stage.readings.reading = replace(READING, spot=spot, launched=3, launch_s=80.0)

    stage.run()

    pool = stage.observations[0][0].pools["draw"]
    assert (pool.spot.running, pool.spot.starting, pool.spot.oldest_start_s, pool.spot.draining) == (2, 2, 62.0, 1)
    assert (pool.spot.desired, pool.spot.minimum, pool.spot.maximum, pool.spot.price) == (4, 1, 8, 0.4)
    assert (pool.launched, pool.cold_start_s, pool.bulk_within_s) == (3, 80.0, 600.0)
    assert pool.age_s == pytest.approx(0.5)


def test_a_pool_has_the_stage_s_cold_start_until_workers_have_measured_it(stage: Stage) -> None:
    stage.run()

    assert stage.observations[0][0].pools["draw"].cold_start_s == 100.0


def test_of_two_runs_that_overlap_only_one_acts(stage: Stage) -> None:
    stage.records.overtaken = True

    assert stage.run() is None
    assert stage.services.changes == []


def test_launched_tasks_and_new_grants_take_their_share_of_the_limits_from_the_services(stage: Stage) -> None:
    grant = Grant(batch="job/0", pool="draw", at=NOON - 10, decision=0)
    stage.records.grants = Grants(version=1, grants=(grant,))
    stage.readings.reading = replace(READING, launched=1, launch_ages_s=(400.0, 60.0))

    stage.run()

    # Two that ECS shows, and the granted one that it does not show yet.
    [allowed] = stage.allowed
    assert allowed.dollars_per_hour == pytest.approx(10.0 - 3 * 0.8)
    assert allowed.max_tasks == 7
    assert stage.observations[0][0].pools["draw"].on_demand.maximum == 1
    assert stage.records.record.launched == {"draw": 3}


def test_a_decision_over_the_limits_that_launched_tasks_leave_is_not_carried_out(stage: Stage) -> None:
    stage.readings.reading = replace(READING, launch_ages_s=(400.0,) * 2)
    stage.limits = Limits(dollars_per_hour=10.0, max_tasks=5)

    with pytest.raises(DecisionRefused, match="4 tasks, more than 3"):
        stage.run()


def test_launched_tasks_leave_a_pool_its_minimum_on_demand(stage: Stage) -> None:
    stage.pool = replace(DRAW, on_demand=replace(ON_DEMAND, minimum=2))
    stage.readings.reading = replace(READING, launch_ages_s=(400.0,) * 4)

    stage.run()

    assert stage.observations[0][0].pools["draw"].on_demand.maximum == 2


def test_a_grant_while_the_controller_decides_lets_the_counts_stand(stage: Stage) -> None:
    stage.readings.after = lambda: setattr(stage.records, "grants", Grants(version=1))

    assert stage.run() is None
    assert stage.services.changes == []


def test_an_event_that_comes_twice_makes_one_decision(stage: Stage) -> None:
    stage.run()
    stage.clock.now += 1

    assert stage.run() is None
    assert stage.records.record.version == 1
