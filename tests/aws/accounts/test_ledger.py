"""The ledger on tables: months, plans, top-ups, and a few histories compared with the model step by step."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from craftspark.accounts.accounts import Accounts
from craftspark.accounts.plans import PLANS, find_plan
from craftspark.aws import clients
from craftspark.errors import AccountMissing, AccountSuspended, CreditsInsufficient, PlanExceeded, TooManyRequests
from craftspark.jobs.endings import JobEnd
from craftspark.jobs.idempotency import EffectExists
from tests.aws.api import account, call, settle, store, submit
from tests.aws.conftest import ACCOUNTS, JOBS, SMALL, STYLES
from tests.fakes import a_job
from tests.ledger.histories import START, Clock, History, Ledger, ledger_on_tables, posted, steps

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


@pytest.fixture
def ledger(tables: None) -> Ledger:
    return ledger_on_tables(
        clients.dynamodb(),
        jobs_table=JOBS,
        accounts_table=ACCOUNTS,
        styles_table=STYLES,
        plan=SMALL,
        clock=Clock(),
    )


@pytest.fixture
def accounts(ledger: Ledger) -> Accounts:
    return ledger.accounts


def a_submission(ledger: Ledger, name: str, count: int = 1, **changes: Any) -> Any:
    return a_job(job_id=name.ljust(26, "a"), seeds=tuple(range(count)), created_at=ledger.clock.now, **changes)


@pytest.mark.parametrize("seed", range(6))
def test_tables_and_model_agree_after_every_step(ledger: Ledger, seed: int) -> None:
    history = History(f"h{seed}", SMALL, ledger)

    for step in steps(seed, 60, makers=2):
        history.play(step)

    for maker, there in history.model.accounts.items():
        totals = posted(clients.dynamodb(), ACCOUNTS, maker)
        assert totals == {
            "issued": -there.granted,
            "available": there.available,
            "reserved": there.reserved,
            "spent": there.spent,
            "expired": there.expired,
        }


def test_a_month_s_credits_expire_and_top_ups_stay(ledger: Ledger, accounts: Accounts) -> None:
    accounts.read("maker-1")
    accounts.top_up("maker-1", 5, "order-1", "bought")
    assert ledger.submit(a_submission(ledger, "one", 3))
    ledger.clock.now = START.replace(month=3)

    turned = accounts.read("maker-1")

    assert (turned.month, turned.expired, turned.available, turned.reserved) == ("2030-03", 7, 5 + 10, 3)
    assert turned.granted == 10 + 5 + 10


def test_a_refund_after_the_month_s_end_is_not_lost(ledger: Ledger, accounts: Accounts) -> None:
    accounts.read("maker-1")
    assert ledger.submit(a_submission(ledger, "one", 4))
    ledger.clock.now += timedelta(days=10)
    accounts.read("maker-1")

    ledger.settlement.settle(JobEnd(job_id="one".ljust(26, "a"), outcomes=()))
    refunded = accounts.read("maker-1")
    ledger.clock.now += timedelta(days=31)

    assert (refunded.available, refunded.expired) == (10 + 4, 6)
    assert accounts.read("maker-1").available == 4 + 10


def test_concurrent_reads_start_the_month_once(ledger: Ledger, accounts: Accounts) -> None:
    accounts.read("maker-1")
    ledger.clock.now += timedelta(days=40)

    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(lambda _: accounts.read("maker-1"), range(8)))

    assert {each.granted for each in seen} == {20}


def test_a_top_up_counts_once_for_its_key(accounts: Accounts) -> None:
    accounts.read("maker-1")

    assert accounts.top_up("maker-1", 7, "k", "bought").available == 17
    with pytest.raises(EffectExists):
        accounts.top_up("maker-1", 7, "k", "bought")
    assert accounts.read("maker-1").available == 17
    with pytest.raises(AccountMissing):
        accounts.top_up("nobody", 7, "k", "bought")


def test_an_adjustment_deducts_only_available_credits(accounts: Accounts) -> None:
    accounts.read("maker-1")

    assert accounts.adjust("maker-1", -4, "a", "a mistake").available == 6
    with pytest.raises(EffectExists):
        accounts.adjust("maker-1", -4, "a", "a mistake")
    with pytest.raises(CreditsInsufficient):
        accounts.adjust("maker-1", -7, "b", "too much")
    assert accounts.adjust("maker-1", 3, "c", "sorry").granted == 9


def test_a_larger_plan_grants_the_difference_at_once_and_a_smaller_one_takes_nothing(accounts: Accounts) -> None:
    accounts.read("maker-1")

    larger = accounts.change_plan("maker-1", find_plan("plus"))
    smaller = accounts.change_plan("maker-1", SMALL)
    larger_again = accounts.change_plan("maker-1", find_plan("plus"))

    assert (larger.plan, larger.available) == ("plus", 300)
    assert (smaller.plan, smaller.available) == ("small", 300)
    assert larger_again.granted == 300


def test_a_plan_bounds_counts_lanes_and_submissions(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    tight = replace(SMALL, largest_count=2, lanes=("interactive",), submissions_per_minute=2)
    monkeypatch.setitem(PLANS, SMALL.name, tight)
    ledger.acceptance.open_account("maker-1")

    for refused, field in (
        (a_submission(ledger, "many", 3), "count"),
        (a_submission(ledger, "bulk", 1, lane="bulk"), "lane"),
    ):
        with pytest.raises(PlanExceeded) as told:
            ledger.acceptance.accept(refused)
        assert told.value.field == field
    for name in ("one", "two"):
        ledger.acceptance.accept(a_submission(ledger, name))
    with pytest.raises(TooManyRequests) as late:
        ledger.acceptance.accept(a_submission(ledger, "three"))
    assert 0 < late.value.facts["retry_after_s"] <= 60
    ledger.clock.now += timedelta(minutes=1)
    ledger.acceptance.accept(a_submission(ledger, "three"))


def test_a_changed_plan_replaces_the_cached_one(ledger: Ledger, accounts: Accounts) -> None:
    ledger.acceptance.open_account("maker-1")
    ledger.acceptance.accept(a_submission(ledger, "one"))
    accounts.change_plan("maker-1", find_plan("free"))

    with pytest.raises(PlanExceeded):
        ledger.acceptance.accept(a_submission(ledger, "two", 5))
    assert ledger.acceptance.plans["maker-1"] == "free"


def test_a_suspended_account_accepts_no_job_and_settles_existing_ones(ledger: Ledger, accounts: Accounts) -> None:
    ledger.acceptance.open_account("maker-1")
    ledger.acceptance.accept(a_submission(ledger, "one"))
    accounts.suspend("maker-1", "abuse")

    with pytest.raises(AccountSuspended, match="abuse"):
        ledger.acceptance.accept(a_submission(ledger, "two"))
    ledger.settlement.settle(JobEnd(job_id="one".ljust(26, "a"), outcomes=()))
    accounts.suspend("maker-1", None)
    ledger.acceptance.accept(a_submission(ledger, "two"))


def test_the_ledger_is_listed_newest_first_page_by_page() -> None:
    job_id = submit(count=3).body["job_id"]
    store(job_id, 0)
    settle(job_id)

    first = call("list_ledger", query={"limit": "3"}).body
    second = call("list_ledger", query={"limit": "3", "cursor": first["next_cursor"]}).body

    lines = [(line["kind"], line["credits"], line["source"], line["target"]) for line in first["entries"]]
    assert set(lines[:2]) == {("commit", 1, "reserved", "spent"), ("refund", 2, "reserved", "available")}
    assert lines[2] == ("reserve", 3, "available", "reserved")
    assert [line["kind"] for line in second["entries"]] == ["grant"]
    assert all(line["job_id"] == job_id for line in first["entries"])


@pytest.mark.parametrize("cursor", ["x", "!!!", "MjAzMA"])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    assert call("list_ledger", query={"cursor": cursor}).body["field"] == "cursor"


def test_an_account_shows_its_plan() -> None:
    told = account()

    assert told["plan"]["name"] == "small"
    assert told["expiring"] == 10
