"""Admission: the wait for the tasks that a pool has and can get, and which plans are refused while they are too few."""

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from craftspark.accounts.plans import PLANS, find_plan
from craftspark.contracts import ContractBroken
from craftspark.errors import CapacityInsufficient
from craftspark.fleet.admission import Outlook, Wait, is_admitted, wait_in_bulk, wait_in_interactive
from craftspark.fleet.supply import CLOCK_SKEW_S, RECORD_STALE_S, PoolSupply, StartingTasks, TypeSupply
from craftspark.jobs.admission import admission_error
from craftspark.jobs.estimates import Estimate

# Ten tasks are busy with what arrives.
TEN = Outlook(running=10, obtainable=0, cold_start_s=120.0, interactive_rate=10.0)
NONE = replace(TEN, running=0, interactive_rate=0.0)
RECORD = PoolSupply(
    at=1000.0,
    spot=TypeSupply(running=3, starting=(StartingTasks(tasks=2, ready_in_s=40.0),), draining=1),
    on_demand=TypeSupply(running=1, starting=(StartingTasks(tasks=1, ready_in_s=100.0),)),
    obtainable=4,
    cold_start_s=120.0,
    interactive_rate=2.5,
    bulk_within_s=1080.0,
    reason="the budget allows 4 more tasks",
)
BY_LIMIT = ["free", "plus", "pro", "partner"]


def starting(tasks: int, ready_in_s: float) -> StartingTasks:
    return StartingTasks(tasks=tasks, ready_in_s=ready_in_s)


@pytest.mark.parametrize(
    ("outlook", "work_s", "seconds", "missing"),
    [
        (TEN, 0, 0, 0),
        # A wait of thirty seconds is no reason for more tasks.
        (TEN, 300, 30, 0),
        # The policy adds tasks that do the rest within a minute after a cold start.
        (TEN, 500, 50, 4),
        (replace(TEN, obtainable=4), 500, 50, 0),
        # Arrivals that leave two tasks free do 240 of the work until then.
        (replace(TEN, interactive_rate=8.0), 640, 64, 1),
        (replace(TEN, interactive_rate=0.0), 500, 50, 0),
        # Unknown arrivals count as much as the running tasks.
        (replace(TEN, interactive_rate=None), 500, 50, 4),
        # More arrives than ten tasks do, but nothing is ahead of the job.
        (replace(TEN, interactive_rate=14.0), 0, 0, 5),
        # The controller decides within 20 s, and its tasks take a cold start: 1,300 of the work is done until then.
        (replace(TEN, obtainable=50), 2400, 130 + 1100 / 45, 0),
        (replace(TEN, obtainable=5), 2400, 130 + 1100 / 15, 30),
        # Tasks that start do a part of the work.
        (replace(TEN, starting=(starting(18, 60.0),)), 2400, 60 + 1800 / 28, 0),
        (replace(TEN, starting=(starting(8, 60.0),)), 2400, 60 + 1800 / 18, 19),
        # One task is launched immediately if the pool has none.
        (replace(NONE, obtainable=3), 0, 120, 0),
        (replace(NONE, obtainable=3), 300, 120 + 300 / 3, 2),
        (replace(NONE, obtainable=5), 300, 120 + 300 / 5, 0),
        (NONE, 0, inf, 1),
        (replace(NONE, starting=(starting(1, 70.0),)), 0, 70, 0),
        (replace(NONE, starting=(starting(1, 70.0), starting(1, 20.0))), 100, 20 + 50 + 50 / 2, 0),
    ],
)
def test_the_wait_in_the_interactive_lane(outlook: Outlook, work_s: float, seconds: float, missing: int) -> None:
    wait = wait_in_interactive(outlook, work_s)

    assert wait.seconds == pytest.approx(seconds)
    assert wait.missing == missing


@pytest.mark.parametrize(
    ("outlook", "interactive_s", "bulk_s", "seconds"),
    [
        # The interactive work that arrives meanwhile takes four of ten tasks.
        (replace(TEN, interactive_rate=4.0), 100, 200, 50),
        (replace(TEN, interactive_rate=0.0), 100, 200, 30),
        (replace(TEN, interactive_rate=None), 100, 200, 30),
        # It takes all of them.
        (TEN, 0, 10, inf),
        # The controller adds one for the job.
        (replace(TEN, obtainable=1), 0, 0, 130),
        # The controller adds tasks for the arrivals, which leaves half of one.
        (replace(TEN, interactive_rate=10.5, obtainable=1), 0, 10, 130 + 10 / 0.5),
        # It adds two for the bulk work, which should end within 1,800 s with 300 s to spare.
        (replace(TEN, obtainable=50), 0, 3000, 130 + 3000 / 2),
        # Those for the late interactive work stop when this is done.
        (replace(TEN, obtainable=50), 2400, 3000, 130 + 2400 / 35 + 3000 / 2),
        # The controller decides about bulk work; no task is launched immediately.
        (replace(NONE, obtainable=3), 0, 0, 130),
        (replace(NONE, starting=(starting(1, 70.0),)), 0, 30, 100),
        (NONE, 0, 0, inf),
    ],
)
def test_the_wait_in_the_bulk_lane(outlook: Outlook, interactive_s: float, bulk_s: float, seconds: float) -> None:
    assert wait_in_bulk(outlook, interactive_s, bulk_s).seconds == pytest.approx(seconds)


@pytest.mark.parametrize("work_s", range(0, 6000, 250))
@pytest.mark.parametrize("obtainable", [0, 3, 40])
def test_more_work_misses_no_fewer_tasks_and_more_tasks_never_lengthen_the_wait(work_s: float, obtainable: int) -> None:
    outlook = replace(TEN, obtainable=obtainable, starting=(starting(2, 40.0),))
    wait = wait_in_interactive(outlook, work_s)

    assert wait_in_interactive(outlook, work_s + 250).missing >= wait.missing
    assert wait_in_interactive(replace(outlook, running=11), work_s).seconds <= wait.seconds
    assert wait_in_interactive(replace(outlook, obtainable=obtainable + 1), work_s).seconds <= wait.seconds
    assert wait.seconds <= wait_in_bulk(outlook, work_s, 100).seconds


def admitted(outlook: Outlook, work_s: float) -> list[str]:
    wait = wait_in_interactive(outlook, work_s)
    return [name for name in BY_LIMIT if is_admitted(wait, find_plan(name).admitted_wait_s)]


@pytest.mark.parametrize(
    ("work_s", "plans"),
    [
        (0, BY_LIMIT),
        (600, BY_LIMIT),
        (610, BY_LIMIT[1:]),
        (1200, BY_LIMIT[1:]),
        (1210, BY_LIMIT[2:]),
        (1810, BY_LIMIT[3:]),
        (2400, BY_LIMIT[3:]),
        (2410, []),
    ],
)
def test_at_growing_load_free_plans_are_refused_first_and_partners_last(work_s: float, plans: list[str]) -> None:
    assert admitted(TEN, work_s) == plans


@pytest.mark.parametrize("work_s", [0, 300, 1000, 3000, 30_000])
def test_nobody_is_refused_while_the_pool_can_get_the_tasks_that_it_needs(work_s: float) -> None:
    assert admitted(replace(TEN, obtainable=1000), work_s) == BY_LIMIT
    assert admitted(replace(NONE, obtainable=1000), work_s) == BY_LIMIT


def test_nobody_is_admitted_to_a_pool_that_gets_no_task() -> None:
    assert admitted(NONE, 0) == []
    assert not is_admitted(Wait(seconds=inf, missing=0), inf)


def test_the_plans_have_the_order_of_their_prices() -> None:
    assert sorted(PLANS, key=lambda name: PLANS[name].admitted_wait_s) == BY_LIMIT == list(PLANS)


def test_the_outlook_of_a_record_follows_its_age() -> None:
    assert Outlook.of(RECORD, 1050.0) == Outlook(
        running=4,
        starting=(starting(2, 0.0), starting(1, 50.0)),
        obtainable=4,
        cold_start_s=120.0,
        interactive_rate=2.5,
        bulk_within_s=1080.0,
    )


@pytest.mark.parametrize(
    ("now", "current"),
    [
        (1000.0, True),
        (1000.0 + RECORD_STALE_S, True),
        (1001.0 + RECORD_STALE_S, False),
        (1000.0 - CLOCK_SKEW_S, True),
        (999.0 - CLOCK_SKEW_S, False),
    ],
)
def test_a_record_is_current_for_some_decisions(now: float, current: bool) -> None:
    assert RECORD.is_current(now) is current


@pytest.mark.parametrize(
    "absurd",
    [
        {"obtainable": -1},
        {"cold_start_s": 0},
        {"cold_start_s": inf},
        {"interactive_rate": -1},
        {"interactive_rate": float("nan")},
        {"spot": {"running": -1}},
        {"spot": {"starting": [{"tasks": 1, "ready_in_s": -1}]}},
        {"at": None},
    ],
)
def test_an_absurd_record_is_refused(absurd: dict[str, Any]) -> None:
    with pytest.raises(ContractBroken):
        PoolSupply.from_json({**RECORD.to_json(), **absurd})


SHORT = Estimate(wait_s=100, total_s=110, missing=3, bulk=Estimate(wait_s=400, total_s=410))


def test_a_refusal_has_the_wait_the_limit_and_the_time_of_the_next_attempt() -> None:
    refused = admission_error(SHORT, "interactive", find_plan("free"))

    assert isinstance(refused, CapacityInsufficient)
    assert refused.field == "lane"
    assert refused.facts == {"estimated_wait_s": 100, "admitted_wait_s": 60, "plan": "free", "retry_after_s": 40}


def test_a_refusal_offers_the_bulk_lane_to_plans_that_include_it() -> None:
    short = replace(SHORT, wait_s=200)
    refused = admission_error(short, "interactive", find_plan("plus"))
    late = admission_error(replace(short, bulk=None), "interactive", find_plan("plus"))

    assert refused
    assert refused.facts["bulk_wait_s"] == 400
    assert refused.facts["errors"] == [
        {"field": "lane", "detail": "lane bulk would accept the job, with a wait of about 400 s"}
    ]
    assert late
    assert "bulk_wait_s" not in late.facts


@pytest.mark.parametrize(
    ("estimate", "lane", "plan"),
    [
        (SHORT, "interactive", "plus"),
        (replace(SHORT, missing=0), "interactive", "free"),
        (replace(SHORT, wait_s=3000, total_s=3010), "bulk", "plus"),
    ],
)
def test_a_job_is_accepted_with_a_short_wait_or_enough_tasks_or_in_the_bulk_lane(
    estimate: Estimate, lane: str, plan: str
) -> None:
    assert admission_error(estimate, lane, find_plan(plan)) is None
