"""Changes of accounts that meet each other, on records in memory."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from craftspark.accounts.accounts import TRIES, Accounts
from craftspark.accounts.credits import Account
from craftspark.accounts.plans import PLANS, Plan, find_plan
from craftspark.accounts.refusals import CountedRefusals
from craftspark.errors import (
    AccountContended,
    AccountMissing,
    AccountSuspended,
    CreditsInsufficient,
    PlanExceeded,
    TooManyRequests,
)
from craftspark.jobs.idempotency import EffectExists
from craftspark.moderation import Refusal
from tests.fakes import a_job
from tests.ledger.histories import START, Clock, Ledger
from tests.ledger.memory import FakeAccountRecords, ledger_in_memory

SMALL = Plan(
    name="small", title="Small", monthly_credits=10, max_active_jobs=3, submissions_per_minute=100, largest_count=8
)


@pytest.fixture
def records() -> FakeAccountRecords:
    return FakeAccountRecords()


@pytest.fixture
def ledger(records: FakeAccountRecords, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setitem(PLANS, SMALL.name, SMALL)
    return ledger_in_memory(SMALL, Clock(), records)


@pytest.fixture
def accounts(ledger: Ledger) -> Accounts:
    ledger.accounts.open("maker-1")
    return ledger.accounts


def change(records: FakeAccountRecords, **fields: Any) -> None:
    """Change the account, as another request does."""
    records.accounts["maker-1"] = replace(records.accounts["maker-1"], **fields)


def a_new_job(letter: str, **changes: Any) -> Any:
    return a_job(job_id=letter * 26, created_at=START, **changes)


def test_an_adjustment_is_decided_again_after_another_change(accounts: Accounts, records: FakeAccountRecords) -> None:
    records.before_write = lambda: change(records, available=3, reserved=7, used=7)

    with pytest.raises(CreditsInsufficient):
        accounts.adjust("maker-1", -4, "k", "note")


def test_a_deduction_counts_in_the_month_of_its_write(accounts: Accounts, records: FakeAccountRecords) -> None:
    records.before_write = lambda: change(records, month="2030-02", used=0)

    assert accounts.adjust("maker-1", -4, "k", "note").used == 4


def test_a_second_request_with_the_same_key_changes_nothing(accounts: Accounts) -> None:
    accounts.adjust("maker-1", -4, "k", "note")
    accounts.top_up("maker-1", 5, "k", "note")

    with pytest.raises(EffectExists):
        accounts.adjust("maker-1", -4, "k", "note")
    with pytest.raises(EffectExists):
        accounts.top_up("maker-1", 5, "k", "note")
    assert accounts.read("maker-1").available == 11


def test_a_plan_that_another_request_has_changed_is_not_changed_again(
    accounts: Accounts, records: FakeAccountRecords
) -> None:
    records.before_write = lambda: change(records, plan="plus", monthly=300, granted=300, available=300)

    assert accounts.change_plan("maker-1", find_plan("plus"), [{"audit": 1}]).granted == 300
    assert records.also == []


def test_changes_of_missing_accounts_are_refused(accounts: Accounts) -> None:
    attempts: list[Callable[[], Account]] = [
        lambda: accounts.top_up("nobody", 5, "k", "note"),
        lambda: accounts.adjust("nobody", 5, "k", "note"),
        lambda: accounts.change_plan("nobody", SMALL),
        lambda: accounts.suspend("nobody", "abuse"),
        lambda: accounts.read_existing("nobody"),
    ]
    for attempt in attempts:
        with pytest.raises(AccountMissing):
            attempt()


def test_an_account_that_changes_on_every_try_is_contended(
    accounts: Accounts, records: FakeAccountRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, writes = FakeAccountRecords.write, []

    def write_late(records: FakeAccountRecords, *args: Any) -> None:
        writes.append(args)
        change(records, monthly=records.accounts["maker-1"].monthly + 1)
        write(records, *args)

    monkeypatch.setattr(FakeAccountRecords, "write", write_late)

    with pytest.raises(AccountContended):
        accounts.change_plan("maker-1", find_plan("plus"))
    assert len(writes) == TRIES


def test_the_plan_of_a_maker_without_an_account_is_that_of_new_accounts(accounts: Accounts) -> None:
    accounts.change_plan("maker-1", find_plan("plus"))

    assert accounts.plan_of("maker-1").name == "plus"
    assert accounts.plan_of("nobody") is SMALL


def test_only_a_suspended_account_is_not_active(accounts: Accounts) -> None:
    accounts.check_active("nobody")
    accounts.check_active("maker-1")
    accounts.suspend("maker-1", "abuse")

    with pytest.raises(AccountSuspended, match="abuse"):
        accounts.check_active("maker-1")


def test_a_submission_takes_one_write_or_five_in_a_new_month(ledger: Ledger, records: FakeAccountRecords) -> None:
    ledger.acceptance.open_account("maker-1")
    records.calls.clear()

    ledger.acceptance.accept(a_new_job("a"))
    usual, records.calls = records.calls, []
    ledger.clock.now = START.replace(month=2)
    ledger.acceptance.accept(replace(a_new_job("b"), created_at=ledger.clock.now))

    assert usual == ["write"]
    assert records.calls == ["write"] * 5  # the reservation fails on the month, then on the minute
    assert records.accounts["maker-1"].month == "2030-02"


def test_a_cached_plan_is_compared_with_the_account_before_a_job_is_refused(
    ledger: Ledger, records: FakeAccountRecords
) -> None:
    ledger.acceptance.open_account("maker-1")
    ledger.acceptance.accept(a_new_job("a", seeds=(1,)))
    change(records, plan="free")

    with pytest.raises(PlanExceeded):
        ledger.acceptance.accept(a_new_job("b", seeds=(1, 2, 3, 4, 5)))
    assert ledger.acceptance.plans == {"maker-1": "free"}

    change(records, plan="small")
    ledger.acceptance.accept(a_new_job("b", seeds=(1, 2, 3, 4, 5)))


def test_a_refusal_opens_the_account_and_is_counted_after_another_one(records: FakeAccountRecords) -> None:
    class Records:
        def __init__(self) -> None:
            self.refusals: list[Refusal] = []

        def add(self, refusal: Refusal, count: Any) -> None:
            records.write(count)
            self.refusals.append(refusal)

    refusal = Refusal(maker="maker-1", field="prompt", text_sha256="0" * 64, objections=("hate",), at=START)
    stored = Records()
    free = find_plan("free")
    refusals = CountedRefusals(records=stored, accounts=Accounts(records=records, plan=free, now=Clock()))
    records.before_write = lambda: change(records, refusals=1, refusals_from=START)

    for _ in range(free.refusals_per_hour - 1):
        refusals.add(refusal)

    assert records.accounts["maker-1"].refusals == free.refusals_per_hour
    with pytest.raises(TooManyRequests):
        refusals.add(refusal)
    assert len(stored.refusals) == free.refusals_per_hour - 1
