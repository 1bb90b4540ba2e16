"""Orders start at the rate of the stage, and no order is lost when AWS throttles."""

import itertools
import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from craftspark.contracts import ContractBroken
from craftspark.jobs.batches import JobOrder
from craftspark.jobs.starting import (
    MAX_DEFERRALS,
    MAX_DELAY_S,
    DeferredTooOften,
    IntakeMessage,
    Pace,
    StartRefused,
    Starts,
    delay_s,
    interval_ms,
    places_of,
)
from tests.clock import Clock


class FakeExecutions:
    """Takes `call_s` per start, and throttles every start while `refuses` is true."""

    def __init__(self, clock: Clock, *, call_s: float = 0.02) -> None:
        self.clock, self.call_s = clock, call_s
        self.asked: list[tuple[float, str]] = []
        self.refuses = False

    def start(self, name: str, order: str) -> None:
        self.asked.append((self.clock.now, name))
        self.clock.now += self.call_s
        if self.refuses:
            raise StartRefused("ThrottlingException")


class FakeMarks:
    def __init__(self) -> None:
        self.started: list[str] = []
        self.refuses = False

    def mark_started(self, job_id: str) -> bool:
        if self.refuses:
            raise StartRefused("RequestLimitExceeded")
        self.started.append(job_id)
        return self.started.count(job_id) == 1


class FakeIntake:
    def __init__(self) -> None:
        self.deferred: list[tuple[IntakeMessage, int]] = []

    def defer(self, order: IntakeMessage, delay_s: int) -> None:
        self.deferred.append((order, delay_s))


def order_body(job_id: str) -> str:
    return JobOrder(
        job_id=job_id, maker="m", tool="picture", lane="bulk", pool="draw", queued=False, work_s=1.0, batches=()
    ).to_text()


def an_order(number: int = 0, *, deferrals: int = 0) -> IntakeMessage:
    job_id = f"{'a' * 20}{number:06d}".translate(str.maketrans("0189", "bcde"))
    return IntakeMessage.parse(order_body(job_id), str(deferrals))


def starts_of(executions: FakeExecutions, clock: Clock, *, interval_s: float = 0.1, **parts: Any) -> Starts:
    values: dict[str, Any] = {"marks": FakeMarks(), "intake": FakeIntake(), "has_time": lambda: True, **parts}
    return Starts(executions=executions, pace=Pace(interval_s=interval_s, clock=clock, wait=clock.wait), **values)


@pytest.mark.parametrize("rate", [1, 3, 20, 50, 71, 200, 300, 1000])
def test_starts_per_second_do_not_exceed_the_rate_and_one_for_each_instance(rate: int) -> None:
    random_calls = random.Random(rate)
    places, interval = places_of(rate), interval_ms(rate) / 1000
    moments: list[float] = []
    for _ in range(places):
        clock = Clock(random_calls.random() * interval)
        executions = FakeExecutions(clock)
        # Invocations with any number of orders follow each other immediately, in this process or another.
        numbers = itertools.count()
        while clock.now < 5:
            starts = starts_of(executions, clock, interval_s=interval)
            for _ in range(random_calls.randint(1, 10)):
                executions.call_s = random_calls.choice([0.001, 0.02, 0.3])
                starts.start(an_order(next(numbers)))
        moments += [moment for moment, _ in executions.asked]
    moments.sort()

    for begin in moments:
        within = sum(begin <= moment < begin + 1 for moment in moments)
        assert within <= rate + places


def test_an_instance_keeps_its_rate_if_calls_are_short() -> None:
    for rate in (1, 20, 50, 200, 1000):
        clock = Clock()
        starts = starts_of(FakeExecutions(clock, call_s=0.02), clock, interval_s=interval_ms(rate) / 1000)
        for number in range(100):
            assert starts.start(an_order(number))
        reached = places_of(rate) * 100 / clock.now
        assert 0.95 * rate <= reached <= rate + 1e-9


def test_the_first_start_is_not_delayed() -> None:
    clock = Clock()
    executions = FakeExecutions(clock)

    starts_of(executions, clock).start(an_order())

    assert executions.asked[0][0] == 0
    assert clock.now == pytest.approx(0.1)


def test_a_refused_order_is_retried_later_and_the_rest_of_the_batch_is_not_tried() -> None:
    clock, intake = Clock(), FakeIntake()
    executions = FakeExecutions(clock)
    starts = starts_of(executions, clock, intake=intake)
    orders = [an_order(number, deferrals=number) for number in range(5)]

    answers = [starts.start(orders[0]), starts.start(orders[1])]
    executions.refuses = True
    answers += [starts.start(order) for order in orders[2:]]

    assert answers == [True, True, False, False, False]
    assert len(executions.asked) == 3
    assert [order for order, _ in intake.deferred] == orders[2:]


class FakeArrivals:
    def __init__(self) -> None:
        self.work_s: dict[str, Mapping[str, float]] = {}

    def add(self, pool: str, work_s: Mapping[str, float]) -> None:
        self.work_s[pool] = work_s


def test_the_work_of_a_message_that_comes_twice_is_counted_once() -> None:
    clock, arrivals = Clock(), FakeArrivals()
    starts = starts_of(FakeExecutions(clock), clock)

    assert [starts.start(an_order(number)) for number in (1, 1, 2)] == [True] * 3
    starts.count_arrivals(arrivals)

    assert arrivals.work_s == {"draw": {"bulk": 2.0}}


def test_an_invocation_without_time_starts_no_execution() -> None:
    clock, intake = Clock(), FakeIntake()
    executions = FakeExecutions(clock)

    assert not starts_of(executions, clock, intake=intake, has_time=lambda: False).start(an_order())
    assert executions.asked == []
    assert len(intake.deferred) == 1


def test_an_order_is_retried_if_its_mark_was_refused() -> None:
    clock, intake, marks = Clock(), FakeIntake(), FakeMarks()
    marks.refuses = True

    assert not starts_of(FakeExecutions(clock), clock, intake=intake, marks=marks).start(an_order())
    assert len(intake.deferred) == 1


@pytest.mark.parametrize("fault", [ValueError("garbage"), KeyError("x")])
def test_any_other_error_fails_only_its_order(fault: Exception) -> None:
    class Broken(FakeExecutions):
        def start(self, name: str, order: str) -> None:
            if name == an_order(0).order.job_id:
                raise fault
            super().start(name, order)

    clock, intake = Clock(), FakeIntake()
    starts = starts_of(Broken(clock), clock, intake=intake)

    with pytest.raises(type(fault)):
        starts.start(an_order(0))
    assert starts.start(an_order(1))
    assert intake.deferred == []


def test_every_order_starts_once_despite_refusals() -> None:
    """For an hour, AWS throttles at random: no order is lost, and no order counts as a failed receive."""
    chance = random.Random(11)
    clock, marks, intake = Clock(), FakeMarks(), FakeIntake()
    executions = FakeExecutions(clock)
    waiting = [(0.0, an_order(number)) for number in range(200)]
    failed = 0
    while waiting:
        waiting.sort(key=lambda entry: entry[0])
        clock.now = max(clock.now, waiting[0][0])
        batch, waiting = waiting[:10], waiting[10:]
        starts = starts_of(executions, clock, marks=marks, intake=intake)
        for _, order in batch:
            executions.refuses = chance.random() < 0.6
            try:
                starts.start(order)
            except DeferredTooOften:
                failed += 1
        for order, delay in intake.deferred:
            waiting.append((clock.now + delay, an_order_again(order)))
        intake.deferred.clear()

    assert failed == 0
    assert Counter(marks.started) == Counter(an_order(number).order.job_id for number in range(200))


def an_order_again(order: IntakeMessage) -> IntakeMessage:
    """Deliver the message again, like the queue."""
    return IntakeMessage.parse(order.body, str(order.deferrals + 1))


def test_a_repeatedly_refused_order_goes_to_the_dead_letters_after_its_job_has_ended() -> None:
    clock = Clock()
    executions = FakeExecutions(clock)
    executions.refuses = True
    order, waited = an_order(), 0
    for _ in range(MAX_DEFERRALS):
        intake = FakeIntake()
        starts_of(executions, clock, intake=intake).start(order)
        [(_, delay)] = intake.deferred
        order, waited = an_order_again(order), waited + delay

    assert waited > 3600  # the longest deadline of a stage
    with pytest.raises(DeferredTooOften):
        starts_of(executions, clock).start(order)


def test_delays_grow_are_jittered_and_within_what_sqs_takes() -> None:
    for deferrals in range(200):
        shortest, longest = delay_s(deferrals, lambda: 0.0), delay_s(deferrals, lambda: 1.0)
        assert 1 <= shortest < longest <= MAX_DELAY_S <= 900
        assert delay_s(deferrals + 1, lambda: 0.5) >= delay_s(deferrals, lambda: 0.5)
    assert delay_s(0, lambda: 1.0) == 5


@pytest.mark.parametrize(
    "body",
    [
        "",
        "garbage",
        "null",
        "7",
        "[]",
        "{}",
        "[" * 100_000,
        '{"job_id": 7, "maker": "m"}',
        '{"job_id": "../x", "maker": "m"}',
        json.dumps({"job_id": "a" * 26}),
        json.dumps({"job_id": "a" * 26, "maker": None}),
        json.dumps({"job_id": "a" * 26, "maker": ""}),
        json.dumps({"job_id": ["a" * 26], "maker": "m"}),
    ],
)
def test_an_invalid_order_has_a_named_error(body: str) -> None:
    with pytest.raises(ContractBroken):
        IntakeMessage.parse(body)


@pytest.mark.parametrize("deferrals", ["x", "1e9", "-1", "66", "\u0669\u0669", "9" * 5000])
def test_an_order_without_a_valid_count_is_rejected(deferrals: str) -> None:
    with pytest.raises(ContractBroken):
        IntakeMessage.parse(an_order().body, deferrals)
