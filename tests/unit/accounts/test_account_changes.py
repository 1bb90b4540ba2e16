"""The rules of plans, months, corrections and holds, as values."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from craftspark.accounts import changes
from craftspark.accounts.changes import Change
from craftspark.accounts.credits import Account
from craftspark.accounts.plans import PLANS, Plan
from craftspark.accounts.reservations import prepare, reserve, resolve
from craftspark.errors import (
    AccountSuspended,
    CreditsInsufficient,
    RequestRefused,
    TooManyActiveJobs,
    TooManyRequests,
)
from craftspark.jobs.job import JobState
from craftspark.moderation import Refusal
from tests.fakes import a_job
from tests.ledger.memory import changed, holds

NOW = datetime(2030, 3, 31, 23, 59, 30, tzinfo=UTC)
APRIL = datetime(2030, 4, 1, 0, 1, tzinfo=UTC)
SMALL = Plan(
    name="small",
    title="Small",
    monthly_credits=10,
    max_active_jobs=3,
    submissions_per_minute=4,
    largest_count=8,
    refusals_per_hour=2,
)
LARGE = replace(SMALL, name="large", title="Large", monthly_credits=30)


@pytest.fixture(autouse=True)
def plans(monkeypatch: pytest.MonkeyPatch) -> None:
    for plan in (SMALL, LARGE):
        monkeypatch.setitem(PLANS, plan.name, plan)


def an_account(**fields: Any) -> Account:
    """An account of March that has used 4 of its 10 credits and bought 5."""
    account, _ = changes.open_account("maker-1", SMALL, NOW)
    return replace(account, **{"granted": 15, "available": 11, "spent": 4, "used": 4, **fields})


def a_refusal(at: datetime = NOW) -> Refusal:
    return Refusal(maker="maker-1", field="prompt", text_sha256="0" * 64, objections=("hate",), at=at)


def entries(change: Change) -> list[tuple[str, int, str, str]]:
    return [(entry.name, entry.credits, entry.source, entry.target) for entry in change.entries]


def can_be_written(change: Change, account: Account) -> bool:
    return all(holds(condition, account) for condition in change.conditions)


def differences(before: Account, after: Account) -> dict[str, Any]:
    return {name: value for name, value in vars(after).items() if value != getattr(before, name)}


def test_a_new_account_has_this_month_s_credits_of_its_plan() -> None:
    account, grant = changes.open_account("maker-1", SMALL, NOW)

    assert (account.plan, account.month, account.minute) == ("small", "2030-03", "2030-03-31T23:59")
    assert account.granted == account.available == account.monthly == 10
    assert (grant.name, grant.credits, grant.source, grant.target) == ("grant#2030-03", 10, "issued", "available")


@pytest.mark.parametrize(
    ("account", "expected", "expired"),
    [
        (an_account(), {"granted": 25, "available": 15, "expired": 6}, 6),
        (an_account(used=12, available=3, spent=12), {"granted": 25, "available": 13}, None),
        (an_account(plan="large"), {"granted": 45, "available": 35, "expired": 6, "monthly": 30}, 6),
    ],
    ids=["unused credits expire", "bought credits stay", "grants the credits of the plan"],
)
def test_a_new_month_expires_unused_credits_and_grants_new_ones(
    account: Account, expected: dict[str, int], expired: int | None
) -> None:
    change = changes.start_month(account, APRIL)

    assert differences(account, changed(account, change)) == {"month": "2030-04", "used": 0, **expected}
    grant = ("grant#2030-04", expected.get("monthly", 10), "issued", "available")
    assert entries(change) == [grant, *([("expire#2030-03", expired, "available", "expired")] if expired else [])]


@pytest.mark.parametrize(
    "later", [{"used": 5}, {"monthly": 30}, {"month": "2030-04"}], ids=["a job", "a plan", "another request"]
)
def test_a_new_month_is_not_written_after_a_change_of_the_expiring_credits(later: dict[str, Any]) -> None:
    account = an_account()

    change = changes.start_month(account, APRIL)

    assert can_be_written(change, replace(account, available=1, reserved=7))
    assert not can_be_written(change, replace(account, **later))


def test_a_new_minute_starts_a_new_count_once() -> None:
    account = an_account(submissions=4)

    change = changes.start_minute(account, "2030-04-01T00:01")

    assert differences(account, changed(account, change)) == {"minute": "2030-04-01T00:01", "submissions": 0}
    assert can_be_written(change, account)
    assert not can_be_written(change, changed(account, change))


def test_a_top_up_is_available_and_does_not_expire() -> None:
    account = an_account()

    change = changes.top_up(account, 7, "order-1", "bought", NOW)
    after = changed(account, change)

    assert differences(account, after) == {"granted": 22, "available": 18}
    assert after.expiring == account.expiring
    assert entries(change) == [("grant#topup#order-1", 7, "issued", "available")]
    assert change.entries[0].note == "bought"


@pytest.mark.parametrize(
    ("credits", "expected", "entry"),
    [
        (3, {"granted": 18, "available": 14}, ("adjust#k", 3, "issued", "available")),
        (-11, {"granted": 4, "available": 0, "used": 15}, ("adjust#k", 11, "available", "issued")),
    ],
    ids=["added credits do not expire", "a deduction uses the monthly credits first"],
)
def test_an_adjustment_adds_or_deducts(
    credits: int, expected: dict[str, int], entry: tuple[str, int, str, str]
) -> None:
    account = an_account()

    change = changes.adjust(account, credits, "k", "note", NOW)

    assert differences(account, changed(account, change)) == expected
    assert entries(change) == [entry]


def test_a_deduction_needs_available_credits_of_the_same_month() -> None:
    account = an_account()
    change = changes.adjust(account, -5, "k", "note", NOW)

    assert can_be_written(change, replace(account, available=5))
    assert not can_be_written(change, replace(account, available=4))
    assert not can_be_written(change, replace(account, month="2030-04"))
    with pytest.raises(CreditsInsufficient) as refused:
        changes.adjust(account, -12, "k", "note", NOW)
    assert refused.value.facts == {"available": 11}


@pytest.mark.parametrize(
    ("account", "plan", "expected", "granted"),
    [
        (an_account(), LARGE, {"plan": "large", "granted": 35, "available": 31, "monthly": 30}, 20),
        (an_account(plan="large", monthly=30), SMALL, {"plan": "small"}, None),
        (an_account(monthly=30), LARGE, {"plan": "large"}, None),
    ],
    ids=["a larger plan grants the difference", "a smaller plan takes nothing", "a difference is granted once"],
)
def test_a_change_of_plan(account: Account, plan: Plan, expected: dict[str, Any], granted: int | None) -> None:
    change = changes.change_plan(account, plan, NOW)

    assert differences(account, changed(account, change)) == expected
    grant = ("grant#2030-03#large", granted, "issued", "available")
    assert entries(change) == ([grant] if granted else [])
    for later in ({"plan": "other"}, {"monthly": 31}, {"month": "2030-04"}):
        assert not can_be_written(change, replace(account, **later))


def test_a_suspension_is_a_reason_and_ends_without_one() -> None:
    account = an_account()

    suspended = changed(account, changes.suspend(account, "abuse"))

    assert suspended.suspended == "abuse"
    assert changed(suspended, changes.suspend(suspended, None)) == account


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (an_account(), {"refusals": 1, "refusals_from": NOW}),
        (
            an_account(refusals=1, refusals_from=NOW - timedelta(minutes=59)),
            {"refusals": 2, "held_until": NOW + timedelta(minutes=1)},
        ),
        (
            an_account(refusals=3, refusals_from=NOW - timedelta(minutes=59)),
            {"refusals": 4, "held_until": NOW + timedelta(minutes=4)},
        ),
        (
            an_account(refusals=9, refusals_from=NOW - timedelta(minutes=60)),
            {"refusals": 1, "refusals_from": NOW},
        ),
    ],
    ids=["the first", "the one that is too many", "a longer hold for each", "the first of another hour"],
)
def test_a_refusal_counts_in_its_hour(account: Account, expected: dict[str, Any]) -> None:
    change = changes.count_refusal(account, a_refusal())

    assert differences(account, changed(account, change)) == expected
    assert can_be_written(change, account)
    assert not can_be_written(change, changed(account, change))


def test_no_refusal_is_counted_while_the_account_is_on_hold() -> None:
    with pytest.raises(TooManyRequests):
        changes.count_refusal(an_account(held_until=NOW + timedelta(seconds=1)), a_refusal())


def test_a_reservation_takes_the_price_and_a_place_among_the_active_jobs() -> None:
    account, job = an_account(), a_job(created_at=NOW)

    change = reserve(job, SMALL, NOW)

    assert differences(account, changed(account, change)) == {
        "available": 7,
        "reserved": 4,
        "used": 8,
        "active_jobs": 1,
        "submissions": 1,
    }
    assert entries(change) == [(f"reserve#{job.job_id}", 4, "available", "reserved")]


ALLOWED: list[dict[str, Any]] = [
    {},
    {"available": 4},
    {"active_jobs": 2},
    {"submissions": 3},
    {"held_until": NOW},
    {"month": "2030-04"},
]
# What an account is like, and what `prepare` does about it: an error, the fields that change, or a new try.
REFUSED: list[tuple[dict[str, Any], type[RequestRefused] | set[str] | None]] = [
    ({"suspended": "abuse"}, AccountSuspended),
    ({"held_until": NOW + timedelta(seconds=1)}, TooManyRequests),
    ({"available": 3}, CreditsInsufficient),
    ({"active_jobs": 3}, TooManyActiveJobs),
    ({"submissions": 4}, TooManyRequests),
    ({"plan": "large"}, None),
    ({"month": "2030-02"}, {"month", "used", "granted", "available", "expired"}),
    ({"minute": "2030-03-31T23:58"}, {"minute"}),
    ({"minute": "2030-03-31T23:58", "submissions": 4}, {"minute", "submissions"}),
]


@pytest.mark.parametrize("fields", ALLOWED, ids=str)
def test_a_reservation_that_the_account_allows(fields: dict[str, Any]) -> None:
    account = an_account(**fields)

    assert can_be_written(reserve(a_job(created_at=NOW), SMALL, NOW), account)
    assert prepare(account, a_job(created_at=NOW), SMALL, NOW) is None


@pytest.mark.parametrize(("fields", "reason"), REFUSED, ids=[str(fields) for fields, _ in REFUSED])
def test_a_reservation_that_the_account_does_not_allow(
    fields: dict[str, Any], reason: type[RequestRefused] | set[str] | None
) -> None:
    account, job = an_account(**fields), a_job(created_at=NOW)

    assert not can_be_written(reserve(job, SMALL, NOW), account)
    if isinstance(reason, type):
        with pytest.raises(reason):
            prepare(account, job, SMALL, NOW)
    elif reason is None:
        assert prepare(account, job, SMALL, NOW) is None
    else:
        preparation = prepare(account, job, SMALL, NOW)
        assert preparation
        prepared = changed(account, preparation)
        assert differences(account, prepared).keys() == reason
        assert can_be_written(reserve(job, SMALL, NOW), prepared)


@pytest.mark.parametrize(
    ("finished_at", "month", "expected"),
    [
        (NOW, "2030-03", {"available": 14, "reserved": 0, "spent": 5, "used": 1, "active_jobs": 0}),
        (APRIL, "2030-04", {"available": 14, "reserved": 0, "spent": 5, "active_jobs": 0}),
        (NOW, "2030-04", {"available": 14, "reserved": 0, "spent": 5, "active_jobs": 0}),
        (APRIL, "2030-03", {"available": 14, "reserved": 0, "spent": 5, "used": 1, "active_jobs": 0}),
    ],
    ids=["in its month", "in the next month", "another request started the month", "no request started the month"],
)
def test_a_refund_reduces_the_used_credits_only_in_the_month_of_its_reservation(
    finished_at: datetime, month: str, expected: dict[str, int]
) -> None:
    account = an_account(reserved=4, active_jobs=1, month=month)
    job = a_job(created_at=NOW, state=JobState.PARTLY_SUCCEEDED, delivered=1, finished_at=finished_at)

    likely, other = resolve(job, finished_at)
    [resolution] = [change for change in (likely, other) if can_be_written(change, account)]

    assert not can_be_written(resolution, replace(account, reserved=3))
    assert (resolution is likely) == (month == finished_at.isoformat()[:7])
    assert differences(account, changed(account, resolution)) == expected
    assert entries(resolution) == [
        (f"commit#{job.job_id}", 1, "reserved", "spent"),
        (f"refund#{job.job_id}", 3, "reserved", "available"),
    ]


@pytest.mark.parametrize(("delivered", "kinds"), [(0, ["refund"]), (4, ["commit"])])
def test_no_entry_moves_0_credits(delivered: int, kinds: list[str]) -> None:
    for change in resolve(a_job(delivered=delivered, state=JobState.SUCCEEDED, finished_at=NOW), NOW):
        assert [entry.kind for entry in change.entries] == kinds


CREDIT_CHANGES: list[Callable[[Account], Change]] = [
    lambda account: changes.start_month(account, APRIL),
    lambda account: changes.top_up(account, 7, "k", "note", NOW),
    lambda account: changes.adjust(account, -7, "k", "note", NOW),
    lambda account: changes.adjust(account, 7, "k", "note", NOW),
    lambda account: changes.change_plan(account, LARGE, NOW),
    lambda account: reserve(a_job(created_at=NOW), SMALL, NOW),
    lambda account: resolve(a_job(created_at=NOW, delivered=1, state=JobState.FAILED), NOW)[0],
]


@pytest.mark.parametrize("make", CREDIT_CHANGES)
def test_the_entries_of_a_change_are_its_credits(make: Callable[[Account], Change]) -> None:
    account = an_account(reserved=4, granted=19)
    change = make(account)
    after = changed(account, change)

    moved = dict.fromkeys(("issued", "available", "reserved", "spent", "expired"), 0)
    for entry in change.entries:
        moved[entry.source] -= entry.credits
        moved[entry.target] += entry.credits
    assert moved.pop("issued") == account.granted - after.granted
    assert moved == {name: getattr(after, name) - getattr(account, name) for name in moved}
    assert after.granted == after.available + after.reserved + after.spent + after.expired
