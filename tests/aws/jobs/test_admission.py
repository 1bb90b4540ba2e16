"""Admission by the record of the fleet's controller, through the handlers."""

import time
from dataclasses import replace
from typing import Any

import pytest

from craftspark.accounts.plans import PLANS, find_plan
from craftspark.aws import clients
from craftspark.aws.items import job_key, text
from craftspark.aws.jobs.speed import FLEET, SUPPLY, SpeedTable, partition
from craftspark.fleet.supply import RECORD_STALE_S, PoolSupply, StartingTasks, TypeSupply
from lambdas.wiring.accounts import accounts
from tests.aws.api import Answer, account, call, submit
from tests.aws.conftest import JOBS, SMALL

POOL = "draw"
WAIT: dict[str, Any] = {"count": 4, "steps": 50}  # about four seconds of work

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a few jobs exceed, in place of the backlog that the real ones need."""
    for name, wait_s in {SMALL.name: 2, "free": 2, "partner": 1000}.items():
        monkeypatch.setitem(PLANS, name, replace(PLANS[name], admitted_wait_s=wait_s, max_active_jobs=1000))


def record(**changes: Any) -> None:
    """Write the record of the controller: one task runs, busy nine tenths of the time, and no more are obtainable."""
    supply = PoolSupply(
        at=time.time(),
        spot=TypeSupply(running=1),
        on_demand=TypeSupply(),
        obtainable=0,
        cold_start_s=2.0,
        interactive_rate=0.9,
        reason="the budget is spent",
    )
    write(replace(supply, **changes).to_text())


def write(supply: str) -> None:
    clients.dynamodb().put_item(TableName=JOBS, Item={**job_key(partition(POOL), FLEET), SUPPLY: text(supply)})


def report_two_workers() -> None:
    for worker in ("a", "b"):
        SpeedTable(client=clients.dynamodb(), jobs_table=JOBS, pool=POOL, worker=worker, launched=False).write(
            {}, None, time.time()
        )


def a_backlog(jobs: int) -> None:
    """Jobs of another maker, whose plan admits all of them."""
    set_plan("maker-of-the-backlog", "partner")
    for _ in range(jobs):
        assert submit(maker="maker-of-the-backlog", **WAIT).status == 202


def set_plan(maker: str, plan: str) -> None:
    accounts().open(maker)
    accounts().change_plan(maker, find_plan(plan))


def quote(maker: str = "maker-1", **request: Any) -> Answer:
    return call("quote_job", maker=maker, path={"tool": "picture"}, body={"prompt": "a", **request})


def test_out_of_capacity_a_free_plan_is_refused_before_credits_are_reserved_and_a_partner_is_not() -> None:
    record()
    a_backlog(10)
    set_plan("maker-1", "free")
    set_plan("maker-2", "partner")
    before = account()

    for refused in (submit(**WAIT), quote(**WAIT)):
        assert (refused.status, refused.body["type"], refused.body["field"], refused.body["plan"]) == (
            429,
            "/problems/CapacityInsufficient",
            "lane",
            "free",
        )
        wait_s = refused.body["estimated_wait_s"]
        assert refused.headers["Retry-After"] == str(wait_s - 2)
        assert "bulk_wait_s" not in refused.body  # the free plan has no bulk lane
    assert account() == before
    assert quote("maker-2", **WAIT).body["estimated_wait_s"] == wait_s
    assert submit(maker="maker-2", **WAIT).status == 202


def refusals(logs: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The log lines that count refusals."""
    return [vars(each) for each in logs.records if each.message == "admission refused"]


def test_refused_submissions_are_counted_by_pool_and_plan_and_quotes_are_not(caplog: pytest.LogCaptureFixture) -> None:
    record()
    a_backlog(10)
    set_plan("maker-1", "free")

    quote(**WAIT)
    answers = [submit(**WAIT), submit(maker="maker-2", **WAIT)]

    assert [(each["pool"], each["plan"], each["AdmissionRefused"]) for each in refusals(caplog)] == [
        (POOL, "free", 1),
        (POOL, SMALL.name, 1),
    ]
    for line, answer in zip(refusals(caplog), answers, strict=True):
        assert line["estimated_wait_s"] == answer.body["estimated_wait_s"]
        assert line["bulk_wait_s"] == answer.body.get("bulk_wait_s")
        [directive] = line["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["service"], ["service", "pool", "plan"]]


def test_a_pool_that_can_get_no_task_refuses_makers_of_any_plan(caplog: pytest.LogCaptureFixture) -> None:
    record(spot=TypeSupply())

    assert submit(**WAIT).status == 429
    assert [(each["plan"], each["estimated_wait_s"]) for each in refusals(caplog)] == [("any", None)]


def test_a_repeated_request_that_gets_its_job_counts_as_no_refusal(caplog: pytest.LogCaptureFixture) -> None:
    record()
    submit(key="k", **WAIT)
    a_backlog(10)
    submit(key="k", **WAIT)

    assert refusals(caplog) == []


def test_a_plan_with_the_bulk_lane_is_offered_its_wait() -> None:
    record()
    a_backlog(10)
    assert submit(maker="maker-of-the-backlog", **WAIT, lane="bulk").status == 202

    refused = submit(**WAIT)

    assert refused.status == 429
    assert refused.body["bulk_wait_s"] > refused.body["estimated_wait_s"]
    assert [each["field"] for each in refused.body["errors"]] == ["lane"]
    accepted = quote(**WAIT, lane="bulk")
    assert accepted.body["estimated_wait_s"] == refused.body["bulk_wait_s"]
    assert submit(**WAIT, lane="bulk").status == 202


def test_nobody_is_refused_while_the_controller_can_add_tasks() -> None:
    record(obtainable=100)
    a_backlog(10)
    assert quote(**WAIT).body["estimated_wait_s"] > 2

    assert submit(**WAIT).status == 202


def test_the_plan_of_the_account_decides_and_not_that_of_new_accounts() -> None:
    record()
    a_backlog(10)
    set_plan("maker-1", "partner")

    assert submit(**WAIT).status == 202
    assert submit(maker="maker-3", **WAIT).status == 429


def test_a_repeated_request_gets_its_job_even_if_capacity_is_short_now() -> None:
    record()
    job = submit(key="k", **WAIT)
    a_backlog(10)

    assert submit(key="k", **WAIT).body == job.body
    assert submit(key="another", **WAIT).status == 429


def test_the_wait_follows_tasks_that_start() -> None:
    report_two_workers()
    record(spot=TypeSupply(starting=(StartingTasks(tasks=1, ready_in_s=50.0),)))

    assert 20 < quote().body["estimated_wait_s"] <= 51  # less the age of the record


def test_a_worker_that_has_reported_since_the_record_takes_work() -> None:
    record(at=time.time() - 5, spot=TypeSupply())
    asleep = quote()
    report_two_workers()
    awake = quote()
    record(at=time.time() + 5, spot=TypeSupply())

    assert asleep.body["type"] == quote().body["type"] == "/problems/CapacityInsufficient"
    assert awake.body["estimated_wait_s"] == 1


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda: record(at=time.time() - RECORD_STALE_S - 5), id="stale"),
        pytest.param(lambda: record(at=time.time() + 3600), id="from the future"),
        pytest.param(lambda: record(obtainable=-1), id="absurd"),
        pytest.param(lambda: write("{}"), id="without fields"),
        pytest.param(lambda: write("not JSON"), id="not JSON"),
        pytest.param(
            lambda: clients.dynamodb().put_item(TableName=JOBS, Item=job_key(partition(POOL), FLEET)), id="empty"
        ),
        pytest.param(lambda: None, id="missing"),
    ],
)
def test_without_a_usable_record_reports_and_the_minimum_of_the_pool_decide(broken: Any) -> None:
    broken()
    asleep_s = quote().body["estimated_wait_s"]
    report_two_workers()
    awake_s = quote().body["estimated_wait_s"]
    a_backlog(20)

    # The two tasks of the pool's minimum are being launched, which takes 12 s; then they run. Dispatch takes 1 s.
    assert (asleep_s, awake_s) == (13, 1)
    assert submit(**WAIT).status == 429
