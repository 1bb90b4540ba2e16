"""Ledger entries and account updates, as writes for transactions.

A maker's partition of the accounts table holds the account (`item` = "account") and one immutable entry for each change
of credits. The key of an entry makes its change happen once. The index `ledger` sorts entries by `at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from craftspark.accounts.credits import POSTINGS, Account, Entry, EntryKind, minute_of, month_of
from craftspark.accounts.plans import Plan
from craftspark.aws.items import number, text, timestamp, to_plain_values
from craftspark.jobs.job import Job

ABSENT = "attribute_not_exists(maker)"
NUMBERS = (
    "granted",
    "available",
    "reserved",
    "spent",
    "expired",
    "active_jobs",
    "monthly",
    "used",
    "submissions",
)
# "plan", "month" and "minute" are reserved words in DynamoDB.
NAMES = {"#plan": "plan", "#month": "month", "#minute": "minute"}
NAMES_BY_WORD = {word: alias for alias, word in NAMES.items()}


def account_key(maker: str) -> Any:
    return {"maker": text(maker), "item": text("account")}


def account_item(account: Account) -> dict[str, Any]:
    return {
        **account_key(account.maker),
        **{name: number(getattr(account, name)) for name in NUMBERS},
        **{name: text(getattr(account, name)) for name in ("plan", "month", "minute")},
    }


def read_account(item: Any) -> Account:
    numbers: dict[str, Any] = {name: int(item[name]["N"]) for name in NUMBERS}
    return Account(
        maker=item["maker"]["S"],
        suspended=item["suspended"]["S"] if "suspended" in item else None,
        refusals=int(item["refusals"]["N"]) if "refusals" in item else 0,
        refusals_from=moment_of(item, "refusals_from"),
        held_until=moment_of(item, "held_until"),
        **{name: item[name]["S"] for name in ("plan", "month", "minute")},
        **numbers,
    )


def moment_of(item: Any, name: str) -> datetime | None:
    return datetime.fromisoformat(item[name]["S"]) if name in item else None


def entry(
    table: str,
    maker: str,
    kind: EntryKind,
    name: str,
    credits: int,
    at: datetime,
    *,
    job_id: str | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    """A ledger entry as a write that fails if the entry exists. Negative credits swap source and target."""
    source, target = POSTINGS[kind] if credits >= 0 else POSTINGS[kind][::-1]
    item = {
        "maker": text(maker),
        "item": text(f"entry#{kind}#{name}"),
        "kind": text(kind),
        "credits": number(abs(credits)),
        "source": text(source),
        "target": text(target),
        "at": text(timestamp(at)),
        **({"job_id": text(job_id)} if job_id else {}),
        **({"note": text(note)} if note else {}),
    }
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": ABSENT}}


def read_entry(item: Any) -> Entry:
    plain = to_plain_values(item)
    return Entry(
        name=plain["item"].removeprefix("entry#"),
        kind=plain["kind"],
        credits=int(plain["credits"]),
        source=plain["source"],
        target=plain["target"],
        at=datetime.fromisoformat(plain["at"]),
        job_id=plain.get("job_id"),
        note=plain.get("note"),
    )


def update(
    table: str,
    maker: str,
    *,
    add: Mapping[str, int],
    condition: str,
    values: Mapping[str, Any],
    put: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An account change as a conditional write: adds numbers, sets values. A failed condition returns the account."""
    expression = _expression(tuple(put or ()), tuple(add))
    return {
        "Update": {
            "TableName": table,
            "Key": account_key(maker),
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {
                **{f":add_{name}": number(value) for name, value in add.items()},
                **{f":set_{name}": value for name, value in (put or {}).items()},
                **values,
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **_names(expression, condition),
        }
    }


@lru_cache(maxsize=64)
def _expression(put: tuple[str, ...], add: tuple[str, ...]) -> str:
    sets = ", ".join(f"{NAMES_BY_WORD.get(name, name)} = :set_{name}" for name in put)
    adds = ", ".join(f"{name} :add_{name}" for name in add)
    return " ".join(filter(None, [f"SET {sets}" if sets else "", f"ADD {adds}" if adds else ""]))


@lru_cache(maxsize=64)
def _names(expression: str, condition: str) -> dict[str, Any]:
    used = {alias: word for alias, word in NAMES.items() if alias in expression or alias in condition}
    return {"ExpressionAttributeNames": used} if used else {}


def reservation(table: str, job: Job, plan: Plan, at: datetime) -> list[dict[str, Any]]:
    """The writes that reserve a job's price, under the conditions that the account, its plan and its month allow it."""
    price, created_at = job.price, job.created_at
    change = update(
        table,
        job.maker,
        add={
            "available": -price,
            "reserved": price,
            "used": price,
            "active_jobs": 1,
            "submissions": 1,
        },
        condition="attribute_not_exists(suspended) AND (attribute_not_exists(held_until) OR held_until <= :now)"
        " AND available >= :price AND active_jobs < :limit"
        " AND #plan = :plan AND #month >= :month AND #minute >= :minute AND submissions < :rate",
        values={
            ":now": text(timestamp(created_at)),
            ":price": number(price),
            ":limit": number(plan.max_active_jobs),
            ":plan": text(plan.name),
            ":month": text(month_of(created_at)),
            ":minute": text(minute_of(created_at)),
            ":rate": number(plan.submissions_per_minute),
        },
    )
    made = entry(table, job.maker, "reserve", job.job_id, price, at, job_id=job.job_id)
    return [change, made]


def resolution(table: str, job: Job, spent: int, at: datetime, *, same_month: bool) -> list[dict[str, Any]]:
    """The writes that resolve a job's reservation: `spent` credits are committed and the rest is refunded.

    `same_month` says whether the account is in the month of the reservation. The write fails if that is wrong.
    """
    refunded = job.price - spent
    change = update(
        table,
        job.maker,
        add={
            "available": refunded,
            "reserved": -job.price,
            "spent": spent,
            "active_jobs": -1,
            **({"used": -refunded} if same_month else {}),
        },
        condition=f"reserved >= :price AND #month {'=' if same_month else '<>'} :month",
        values={":price": number(job.price), ":month": text(month_of(job.created_at))},
    )
    amounts: dict[EntryKind, int] = {"commit": spent, "refund": refunded}
    entries = [
        entry(table, job.maker, kind, job.job_id, credits, at, job_id=job.job_id)
        for kind, credits in amounts.items()
        if credits
    ]
    return [change, *entries]
