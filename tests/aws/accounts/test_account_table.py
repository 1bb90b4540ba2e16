"""The table writes changes as the records in memory do, which unit tests use."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from craftspark.accounts import changes
from craftspark.accounts.changes import AccountChanged, Change, Field
from craftspark.accounts.credits import Account
from craftspark.accounts.plans import find_plan
from craftspark.accounts.reservations import reserve, resolve
from craftspark.aws import clients
from craftspark.aws.accounts.account_table import AccountTable
from craftspark.errors import AccountMissing
from craftspark.jobs.idempotency import EffectExists
from craftspark.jobs.job import JobState
from craftspark.moderation import Refusal
from tests.aws.conftest import ACCOUNTS, SMALL
from tests.fakes import a_job
from tests.ledger.memory import FakeAccountRecords

NOW = datetime(2030, 3, 31, 23, 59, 30, tzinfo=UTC)
APRIL = NOW + timedelta(minutes=2)
REFUSAL = Refusal(maker="maker-1", field="prompt", text_sha256="0" * 64, objections=("hate",), at=NOW)
NEW, GRANT = changes.open_account("maker-1", SMALL, NOW)
BUSY = replace(NEW, available=6, reserved=4, active_jobs=1, used=4)
SUSPENDED = replace(NEW, suspended="abuse")
REFUSED = replace(NEW, refusals=1, refusals_from=NOW)
HELD = replace(REFUSED, held_until=NOW)
JOB = a_job(created_at=NOW)
ENDED = replace(JOB, delivered=1, state=JobState.FAILED)

# A rule, an account that it changes, and accounts for which a condition of it does not hold.
RULES: dict[str, tuple[Callable[[Account], Change], Account, list[dict[str, Any]]]] = {
    "start_month": (
        lambda account: changes.start_month(account, APRIL),
        NEW,
        [{"month": "2030-04"}, {"used": 1}, {"monthly": 11}],
    ),
    "start_minute": (
        lambda account: changes.start_minute(account, "2030-04-01T00:01"),
        NEW,
        [{"minute": "2030-04-01T00:01"}],
    ),
    "top_up": (lambda account: changes.top_up(account, 5, "k", "note", NOW), NEW, []),
    "adjust": (
        lambda account: changes.adjust(account, -5, "k", "note", NOW),
        NEW,
        [{"available": 4}, {"month": "2030-04"}],
    ),
    "change_plan": (
        lambda account: changes.change_plan(account, find_plan("plus"), NOW),
        NEW,
        [{"plan": "free"}, {"monthly": 11}, {"month": "2030-04"}],
    ),
    "suspend": (lambda account: changes.suspend(account, "abuse"), NEW, []),
    "lift a suspension": (lambda account: changes.suspend(account, None), SUSPENDED, []),
    "count the first refusal": (
        lambda account: changes.count_refusal(account, REFUSAL),
        NEW,
        [{"refusals": 1, "refusals_from": NOW}],
    ),
    "count a refusal": (
        lambda account: changes.count_refusal(account, REFUSAL),
        REFUSED,
        [{"refusals": 2}, {"refusals_from": NOW - timedelta(hours=1)}, {"refusals": 0, "refusals_from": None}],
    ),
    "count a refusal that holds": (
        lambda account: changes.count_refusal(account, REFUSAL),
        replace(REFUSED, refusals=4),
        [{"refusals": 5}],
    ),
    "reserve": (
        lambda account: reserve(JOB, SMALL, NOW),
        NEW,
        [
            {"suspended": "abuse"},
            {"held_until": NOW + timedelta(milliseconds=1)},
            {"available": 3},
            {"active_jobs": 3},
            {"plan": "free"},
            {"month": "2030-02"},
            {"minute": "2030-03-31T23:58"},
            {"submissions": 1000},
        ],
    ),
    "reserve after a hold": (lambda account: reserve(JOB, SMALL, NOW), HELD, []),
    "resolve in the month": (
        lambda account: resolve(ENDED, NOW)[0],
        BUSY,
        [{"reserved": 3}, {"month": "2030-04"}],
    ),
    "resolve in a later month": (
        lambda account: resolve(ENDED, NOW)[1],
        replace(BUSY, month="2030-04"),
        [{"reserved": 3}, {"month": "2030-03"}],
    ),
}


@pytest.fixture
def table(tables: None) -> AccountTable:
    return AccountTable(client=clients.dynamodb(), table=ACCOUNTS)


def store(table: AccountTable, account: Account) -> None:
    """Store the account, also with fields that a new account does not have."""
    table.add(account, GRANT)
    names: tuple[Field, ...] = ("suspended", "refusals", "refusals_from", "held_until")
    if put := {name: getattr(account, name) for name in names if getattr(account, name)}:
        table.write(Change(maker="maker-1", put=put))


@pytest.mark.parametrize("rule", RULES)
def test_the_table_and_the_records_in_memory_write_the_same(table: AccountTable, rule: str) -> None:
    decide, account, _ = RULES[rule]
    memory = FakeAccountRecords(accounts={"maker-1": account}, ledgers={"maker-1": {}})
    store(table, account)

    for records in (memory, table):
        records.write(decide(account))

    entries = {entry.name: entry for entry in table.entries("maker-1", 100, None)[0] if entry != GRANT}
    assert table.find("maker-1") == memory.find("maker-1")
    assert entries == memory.ledgers["maker-1"]


@pytest.mark.parametrize(("rule", "fields"), [(rule, each) for rule in RULES for each in RULES[rule][2]])
def test_a_condition_that_does_not_hold_returns_the_account(
    table: AccountTable, rule: str, fields: dict[str, Any]
) -> None:
    decide, account, _ = RULES[rule]
    change, other = decide(account), replace(account, **fields)
    store(table, other)

    for records in (FakeAccountRecords(accounts={"maker-1": other}, ledgers={"maker-1": {}}), table):
        with pytest.raises(AccountChanged) as found:
            records.write(change)
        assert found.value.account == other
    assert table.find("maker-1") == other


def test_an_entry_or_another_item_that_exists_prevents_the_change(table: AccountTable) -> None:
    table.add(NEW, GRANT)
    change = changes.top_up(NEW, 5, "k", "note", NOW)
    table.write(change)

    with pytest.raises(EffectExists):
        table.write(change)
    [entry] = [each for each in table.entries("maker-1", 10, None)[0] if each.note]
    assert entry == change.entries[0]
    assert table.has_entry("maker-1", entry.name)
    assert not table.has_entry("maker-1", "grant#topup#other")


def test_a_missing_account_is_not_created_by_a_change(table: AccountTable) -> None:
    with pytest.raises(AccountMissing):
        table.write(changes.suspend(NEW, "abuse"))
    assert table.find("maker-1") is None


def test_an_account_is_added_once(table: AccountTable) -> None:
    table.add(NEW, GRANT)
    table.add(replace(NEW, available=999), GRANT)

    assert table.find("maker-1") == NEW
