"""Launches for batches stay within the limits of the stage, together with the tasks of the controller."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from craftspark.fleet.controller.launches import (
    LASTS_S,
    VISIBLE_S,
    Grant,
    Grants,
    LastDecision,
    Launches,
    LaunchRequest,
    count_launched,
    without_launched,
)
from craftspark.fleet.controller.pools import ControlledPool, ControlledService
from craftspark.fleet.decisions import PoolMemory, TypeMemory
from craftspark.fleet.observations import Limits

NOON = 1_900_000_000.0
PLENTY = Limits(dollars_per_hour=1000.0, max_tasks=1000)


def a_pool(name: str, *, minimum: int = 0, on_demand: int = 100) -> ControlledPool:
    return ControlledPool(
        name=name,
        family=name,
        zones=("a",),
        instance_families=("g6",),
        launch_s=120,
        images_per_batch=4,
        bulk_within_s=600,
        spot=ControlledService(service="s", parameter="/s", minimum=minimum, maximum=100, price=0.4),
        on_demand=ControlledService(service="o", parameter="/o", minimum=0, maximum=on_demand, price=1.0),
    )


DRAW, ENLARGE = a_pool("draw", minimum=1), a_pool("enlarge")


def desired(spot: int, on_demand: int) -> PoolMemory:
    return PoolMemory(spot=TypeMemory(desired=spot), on_demand=TypeMemory(desired=on_demand))


@dataclass
class FakeRecords:
    """Keeps both in memory. `before_write` happens between a reading and the next write."""

    decision: LastDecision = field(default_factory=lambda: LastDecision(version=1, pools={}, launched={}))
    grants: Grants = field(default_factory=Grants)
    before_write: Callable[[], None] = lambda: None

    def read(self) -> tuple[LastDecision, Grants]:
        return self.decision, self.grants

    def write(self, grants: Grants, *, decision: int) -> bool:
        self.before_write()
        if grants.version != self.grants.version + 1 or decision != self.decision.version:
            return False
        self.grants = grants
        return True


def launches(records: FakeRecords, limits: Limits = PLENTY, pools: tuple[ControlledPool, ...] = (DRAW, ENLARGE)):  # type: ignore[no-untyped-def]
    return Launches(records=records, pools=pools, limits=limits)


def unserved(batch: str, pool: str = "draw") -> LaunchRequest:
    return LaunchRequest(batch=batch, pool=pool, wakes=False)


def test_unserved_batches_launch_as_many_tasks_as_the_cap_has_room_for() -> None:
    records = FakeRecords()
    records.decision = replace(records.decision, pools={"draw": desired(3, 2), "enlarge": desired(0, 1)})
    asking = launches(records, Limits(dollars_per_hour=1000.0, max_tasks=10))

    answers = [asking.ask(unserved(f"job/{number}"), NOON) for number in range(20)]

    assert [answer.granted for answer in answers] == [True] * 4 + [False] * 16
    assert {answer.reason for answer in answers[4:]} == {"the stage's cap of 10 tasks"}


def test_the_budget_has_room_for_launched_tasks_at_the_price_on_demand() -> None:
    records = FakeRecords()
    records.decision = replace(records.decision, pools={"draw": desired(5, 0)}, launched={"enlarge": 1})
    asking = launches(records, Limits(dollars_per_hour=5.0, max_tasks=100))

    granted = [asking.ask(unserved(f"job/{number}"), NOON).granted for number in range(5)]

    assert granted == [True, True, False, False, False]  # 5 x 0.4 + 1 + 2 dollars


def test_a_pool_launches_no_more_than_its_instances_on_demand() -> None:
    records = FakeRecords()
    records.decision = replace(records.decision, pools={"draw": desired(0, 2)}, launched={"draw": 1})
    asking = launches(records, pools=(a_pool("draw", on_demand=4), ENLARGE))

    answers = [asking.ask(unserved(f"job/{number}"), NOON) for number in range(3)]

    assert [answer.granted for answer in answers] == [True, False, False]
    assert answers[1].reason == "the pool's maximum of 4 on demand"
    assert asking.ask(unserved("job/9", "enlarge"), NOON).granted


def test_before_the_first_decision_the_services_have_their_minima() -> None:
    asking = launches(FakeRecords(LastDecision(version=0, pools={}, launched={})), replace(PLENTY, max_tasks=2))

    assert [asking.ask(unserved(f"job/{number}"), NOON).granted for number in range(2)] == [True, False]


def test_a_batch_that_asks_again_has_one_launch() -> None:
    records = FakeRecords()
    asking = launches(records)

    assert [asking.ask(unserved("job/0"), NOON + late).granted for late in (0, 1, 60)] == [True] * 3
    assert len(records.grants.grants) == 1


def test_a_grant_counts_until_a_decision_has_seen_it() -> None:
    records = FakeRecords()
    asking = launches(records, replace(PLENTY, max_tasks=2))
    asking.ask(unserved("job/0"), NOON)
    assert not asking.ask(unserved("job/1"), NOON).granted

    records.decision = replace(records.decision, version=2)  # it counts the launched tasks, of which there are none

    assert asking.ask(unserved("job/2"), NOON).granted


def test_without_decisions_a_launched_task_counts_for_an_hour() -> None:
    asking = launches(FakeRecords(), replace(PLENTY, max_tasks=2))
    asking.ask(unserved("job/0"), NOON)

    assert not asking.ask(unserved("job/1"), NOON + LASTS_S - 1).granted
    assert asking.ask(unserved("job/2"), NOON + LASTS_S).granted


def test_of_two_batches_that_ask_for_the_last_task_one_gets_it() -> None:
    records = FakeRecords()
    other = launches(records, replace(PLENTY, max_tasks=2))

    def overtake() -> None:
        records.before_write = lambda: None
        assert other.ask(unserved("job/1"), NOON).granted

    records.before_write = overtake

    assert not other.ask(unserved("job/0"), NOON).granted


def test_a_decision_between_reading_and_writing_is_respected() -> None:
    records = FakeRecords()

    def decide() -> None:
        records.decision = LastDecision(version=2, pools={"draw": desired(10, 0)}, launched={})

    records.before_write = decide

    answer = launches(records, replace(PLENTY, max_tasks=10)).ask(unserved("job/0"), NOON)

    assert (answer.granted, answer.reason) == (False, "the stage's cap of 10 tasks")


def test_a_batch_that_is_overtaken_every_time_waits() -> None:
    records = FakeRecords()

    def overtake() -> None:
        records.grants = replace(records.grants, version=records.grants.version + 1)

    records.before_write = overtake

    answer = launches(records).ask(unserved("job/0"), NOON)

    assert (answer.granted, answer.reason) == (False, "too many batches ask at the same time")


@pytest.mark.parametrize(
    ("decision", "granted"),
    [
        (LastDecision(version=1, pools={}, launched={}), True),
        (LastDecision(version=1, pools={"enlarge": desired(0, 0)}, launched={"draw": 3}), True),
        (LastDecision(version=1, pools={"enlarge": desired(1, 0)}, launched={}), False),
        (LastDecision(version=1, pools={}, launched={"enlarge": 1}), False),
    ],
    ids=["nothing runs", "nothing runs in this pool", "a service has a task", "a launched task runs"],
)
def test_a_batch_wakes_a_pool_that_is_asleep(decision: LastDecision, granted: bool) -> None:
    wake = LaunchRequest(batch="job/0", pool="enlarge", wakes=True)

    assert launches(FakeRecords(decision)).ask(wake, NOON).granted is granted


def test_a_burst_wakes_a_pool_with_one_task_in_the_time_of_a_launch() -> None:
    asking = launches(FakeRecords())

    def wake(batch: str, at: float) -> bool:
        return bool(asking.ask(LaunchRequest(batch=batch, pool="enlarge", wakes=True), at).granted)

    assert [wake(f"job/{number}", NOON + number) for number in range(4)] == [True, False, False, False]
    assert wake("job/9", NOON + ENLARGE.launch_s)


def test_a_pool_that_is_gone_gets_no_task() -> None:
    assert not launches(FakeRecords()).ask(unserved("job/0", "gone"), NOON).granted


@pytest.mark.parametrize(
    ("ages_s", "granted_s", "launched"),
    [
        ((), (), 0),
        ((500.0, 10.0), (), 2),
        ((), (1.0, 2.0), 2),  # ECS does not show them yet
        ((500.0, 1.5), (1.0, 2.0), 3),  # one of them
        ((500.0, 1.5, 0.5), (1.0, 2.0), 3),  # both
        ((), (VISIBLE_S,), 0),  # it was never launched, or has stopped
    ],
)
def test_launched_tasks_are_those_of_ecs_and_those_that_it_does_not_show_yet(
    ages_s: tuple[float, ...], granted_s: tuple[float, ...], launched: int
) -> None:
    grants = [Grant(batch=str(age), pool="draw", at=NOON - age, decision=1) for age in granted_s]

    assert count_launched(ages_s, grants, NOON) == launched


def test_services_share_what_launched_tasks_leave() -> None:
    limits = without_launched(Limits(dollars_per_hour=5.0, max_tasks=10), (DRAW, ENLARGE), {"draw": 2, "enlarge": 1})

    assert limits == Limits(dollars_per_hour=2.0, max_tasks=7)
    assert without_launched(limits, (DRAW,), {"draw": 9}) == Limits(dollars_per_hour=0.0, max_tasks=0)
