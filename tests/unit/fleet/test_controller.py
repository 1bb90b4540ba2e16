"""The controller sets counts that a policy decided on usable observations; otherwise the last counts stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any

import pytest

from craftspark.fleet.controller import run as controller
from craftspark.fleet.controller.launches import Grant, Grants
from craftspark.fleet.controller.pools import ControlledPool, ControlledService
from craftspark.fleet.controller.readings import Counters, PoolReading, ServiceReading
from craftspark.fleet.controller.run import Change, DecisionRefused, FleetControl, Record, Superseded
from craftspark.fleet.decisions import Decision, Fault, Memory, PoolDecision, PoolMemory
from craftspark.fleet.observations import FleetObservation, LaneWork, Limits
from craftspark.fleet.policy.checks import Unusable
from craftspark.fleet.policy.decide import decide
from craftspark.fleet.supply import PoolSupply, TypeSupply
from tests.clock import Clock

NOON = 1_900_000_000.0
SPOT = ControlledService(service="draw-spot", parameter="/spot", minimum=1, maximum=8, price=0.4)
ON_DEMAND = ControlledService(service="draw-on-demand", parameter="/on-demand", minimum=0, maximum=4, price=0.8)
DRAW = ControlledPool(
    name="draw",
    family="draw",
    zones=("a", "b"),
    instance_families=("g5", "g6"),
    launch_s=100,
    images_per_batch=4,
    bulk_within_s=600,
    spot=SPOT,
    on_demand=ON_DEMAND,
)
READING = PoolReading(
    interactive=LaneWork(waiting_s=40.0, late_s=10.0, oldest_s=35.0),
    bulk=LaneWork(),
    pace=2.0,
    launch_s=None,
    counters=Counters(work_s={"interactive": 100.0, "bulk": 50.0}),
    spot=ServiceReading(desired=1, running=1),
    on_demand=ServiceReading(desired=0),
)


SUPPLY = PoolSupply(at=NOON, spot=TypeSupply(), on_demand=TypeSupply(), obtainable=0, cold_start_s=100.0, reason="none")


def decided(*, spot: int, on_demand: int, supply: PoolSupply | None = SUPPLY) -> PoolDecision:
    return PoolDecision(spot=spot, on_demand=on_demand, reason="work waits", supply=supply)


@dataclass
class FakeRecords:
    record: Record = field(default_factory=Record)
    overtaken: bool = False
    grants: Grants = field(default_factory=Grants)

    def read(self) -> Record:
        return self.record

    def read_grants(self) -> Grants:
        return self.grants

    def write(self, record: Record, decision: Decision, *, grants: int) -> None:
        if self.overtaken or record.version != self.record.version + 1 or grants != self.grants.version:
            raise Superseded
        self.record = record


@dataclass
class FakeReadings:
    """Reads `reading`, which takes `takes_s`."""

    clock: Clock
    reading: PoolReading | Fault = READING
    takes_s: float = 0.5
    after: Callable[[], None] = lambda: None

    def read(self, at: float) -> Mapping[str, PoolReading | Fault]:
        self.clock.now += self.takes_s
        self.after()
        return {"draw": self.reading}


@dataclass
class FakeServices:
    changes: list[Change] = field(default_factory=list)

    def set_counts(self, changes: tuple[Change, ...]) -> None:
        self.changes += changes


class Stage:
    """A controller with fakes. Its policy decides `decided`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock(NOON)
        self.records, self.readings, self.services = FakeRecords(), FakeReadings(self.clock), FakeServices()
        self.decided = decided(spot=3, on_demand=1)
        self.pool, self.limits = DRAW, Limits(dollars_per_hour=10.0, max_tasks=10)
        self.observations: list[tuple[FleetObservation, Memory]] = []
        self.allowed: list[Limits] = []
        monkeypatch.setattr(controller, "decide", self.decide)

    def decide(self, observation: FleetObservation, memory: Memory, limits: Limits) -> Decision:
        self.observations.append((observation, memory))
        self.allowed.append(limits)
        kept = Memory(decided_at=observation.at, pools={"draw": PoolMemory(seen_at=observation.at)})
        return Decision(at=observation.at, pools={"draw": self.decided}, memory=kept)

    def run(self) -> Any:
        return FleetControl(
            records=self.records,
            launches=self.records,
            readings=self.readings,
            services=self.services,
            pools=(self.pool,),
            limits=self.limits,
            clock=self.clock,
        ).run()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


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
