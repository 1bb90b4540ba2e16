"""Changes of an account: one pure function per rule. Records write a change completely or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from craftspark.accounts.credits import (
    REFUSAL_WINDOW,
    Account,
    Entry,
    hold_duration,
    hold_error,
    minute_of,
    month_of,
)
from craftspark.accounts.plans import Plan, find_plan
from craftspark.errors import CreditsInsufficient
from craftspark.moderation import Refusal

Counter: TypeAlias = Literal[
    "granted", "available", "reserved", "spent", "expired", "active_jobs", "monthly", "used", "submissions", "refusals"
]
Field: TypeAlias = Literal[Counter, "plan", "month", "minute", "suspended", "refusals_from", "held_until"]
Value: TypeAlias = str | int | datetime | None


@dataclass(frozen=True)
class Condition:
    """A comparison of a field of the account, as stored, with a value. The field is on the left.

    `= None` holds if the account does not have the field. `or_none` extends another comparison to that case.
    """

    field: Field
    operator: Literal["=", "<>", "<", "<=", ">="]
    value: Value
    or_none: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of one account, with its ledger entries.

    Nothing is written unless the account exists, all conditions hold and none of the entries exists. `add` is added to
    counters. `put` replaces fields, and None removes a field.
    """

    maker: str
    conditions: tuple[Condition, ...] = ()
    add: Mapping[Counter, int] = field(default_factory=dict)
    put: Mapping[Field, Value] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()


class AccountChanged(Exception):
    """A condition of a change does not hold for `account`, which is the account as stored. Nothing was written."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"the account of {account.maker} changed")
        self.account = account


def open_account(maker: str, plan: Plan, now: datetime) -> tuple[Account, Entry]:
    """A new account with this month's credits of the plan, and the entry of their grant."""
    credits, month = plan.monthly_credits, month_of(now)
    account = Account(
        maker=maker,
        plan=plan.name,
        granted=credits,
        available=credits,
        reserved=0,
        spent=0,
        expired=0,
        active_jobs=0,
        month=month,
        monthly=credits,
        used=0,
        minute=minute_of(now),
        submissions=0,
    )
    return account, Entry.of("grant", month, credits, now)


def start_month(account: Account, now: datetime) -> Change:
    """Expire the unused credits of an earlier month, and grant this month's."""
    month, granted, left = month_of(now), find_plan(account.plan).monthly_credits, account.expiring
    expired = (Entry.of("expire", account.month, left, now),) if left else ()
    return Change(
        maker=account.maker,
        # A reservation, a refund or a change of plan since the account was read changes the expiring amount.
        conditions=(
            Condition("month", "=", account.month),
            Condition("used", "=", account.used),
            Condition("monthly", "=", account.monthly),
        ),
        add={"granted": granted, "available": granted - left, "expired": left},
        put={"month": month, "monthly": granted, "used": 0},
        entries=(Entry.of("grant", month, granted, now), *expired),
    )


def start_minute(account: Account, minute: str) -> Change:
    """Restart the count of submissions."""
    return Change(
        maker=account.maker,
        conditions=(Condition("minute", "<", minute),),
        put={"minute": minute, "submissions": 0},
    )


def top_up(account: Account, credits: int, key: str, note: str, now: datetime) -> Change:
    """Grant credits that do not expire, once for each key."""
    return Change(
        maker=account.maker,
        add={"granted": credits, "available": credits},
        entries=(Entry.of("grant", f"topup#{key}", credits, now, note=note),),
    )


def adjust(account: Account, credits: int, key: str, note: str, now: datetime) -> Change:
    """Add credits as a correction, or deduct available credits, once for each key.

    Raises CreditsInsufficient if fewer credits are available than are deducted.
    """
    if account.available + credits < 0:
        raise CreditsInsufficient(
            f"the account has {account.available} credits, fewer than the {-credits} to deduct",
            field="credits",
            available=account.available,
        )
    deducted = max(0, -credits)
    return Change(
        maker=account.maker,
        conditions=(Condition("available", ">=", deducted), Condition("month", "=", account.month)),
        # A deduction uses the monthly credits first, as a job does.
        add={"granted": credits, "available": credits, **({"used": deducted} if deducted else {})},
        entries=(Entry.of("adjust", key, -credits, now, note=note),),
    )


def change_plan(account: Account, plan: Plan, now: datetime) -> Change:
    """Change the plan. A larger plan grants the difference of the monthly credits immediately."""
    more = max(0, plan.monthly_credits - account.monthly)
    return Change(
        maker=account.maker,
        conditions=(
            Condition("plan", "=", account.plan),
            Condition("monthly", "=", account.monthly),
            Condition("month", "=", account.month),
        ),
        add={"granted": more, "available": more, "monthly": more},
        put={"plan": plan.name},
        entries=(Entry.of("grant", f"{account.month}#{plan.name}", more, now),) if more else (),
    )


def suspend(account: Account, reason: str | None) -> Change:
    """Suspend the account with a reason, or lift the suspension if `reason` is None."""
    return Change(maker=account.maker, put={"suspended": reason})


def count_refusal(account: Account, refusal: Refusal) -> Change:
    """Count a refused prompt in its hour, and put the account on hold after too many.

    Raises TooManyRequests if the account is on hold.
    """
    if held := hold_error(account, refusal.at):
        raise held
    started, counted = account.refusals_from, account.refusals
    if started is None or refusal.at >= started + REFUSAL_WINDOW:
        started, counted = refusal.at, 0
    wait = hold_duration(counted + 1, find_plan(account.plan))
    return Change(
        maker=account.maker,
        # The same count can belong to another hour.
        conditions=(
            Condition("refusals_from", "=", account.refusals_from),
            *((Condition("refusals", "=", account.refusals),) if account.refusals_from else ()),
        ),
        put={
            "refusals": counted + 1,
            "refusals_from": started,
            **({"held_until": refusal.at + wait} if wait else {}),
        },
    )
