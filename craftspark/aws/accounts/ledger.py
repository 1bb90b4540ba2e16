"""Accounts, changes of accounts and ledger entries, as items and writes for transactions.

A maker's partition of the accounts table holds the account (`item` = "account") and one immutable entry for each change
of credits. The key of an entry makes its change happen once. The index `ledger` sorts entries by `at`.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from craftspark.accounts.changes import Change, Value
from craftspark.accounts.credits import Account, Entry
from craftspark.aws.items import number, text, timestamp, to_plain_values

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
ALIASES = {"plan": "#plan", "month": "#month", "minute": "#minute"}


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


def add_entry(table: str, maker: str, entry: Entry) -> dict[str, Any]:
    """The write of a ledger entry. It fails if the entry exists."""
    item = {
        "maker": text(maker),
        "item": text(f"entry#{entry.name}"),
        "kind": text(entry.kind),
        "credits": number(entry.credits),
        "source": text(entry.source),
        "target": text(entry.target),
        "at": text(timestamp(entry.at)),
        **({"job_id": text(entry.job_id)} if entry.job_id else {}),
        **({"note": text(entry.note)} if entry.note else {}),
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


def change_writes(table: str, change: Change) -> list[dict[str, Any]]:
    """The writes of a change: the account first, then the entries. A failed condition returns the account."""
    put = {name: attribute(value) for name, value in change.put.items() if value is not None}
    remove = tuple(name for name, value in change.put.items() if value is None)
    expression, aliases = _expression(tuple(put), remove, tuple(change.add))
    # A comparison with None has no value, and conditions of one rule differ only in their values.
    conditions, condition_aliases = _condition(
        tuple((each.field, each.operator, each.value is None, each.or_none) for each in change.conditions)
    )
    values = {
        **{f":set_{name}": value for name, value in put.items()},
        **{f":add_{name}": number(value) for name, value in change.add.items()},
        **{f":if_{n}": attribute(each.value) for n, each in enumerate(change.conditions) if each.value is not None},
    }
    names = {**aliases, **condition_aliases}
    update = {
        "TableName": table,
        "Key": account_key(change.maker),
        "UpdateExpression": expression,
        "ConditionExpression": conditions,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **({"ExpressionAttributeValues": values} if values else {}),
        **({"ExpressionAttributeNames": names} if names else {}),
    }
    return [{"Update": update}, *(add_entry(table, change.maker, entry) for entry in change.entries)]


def attribute(value: Value) -> dict[str, str]:
    """A value as an attribute."""
    match value:
        case datetime():
            return text(timestamp(value))
        case int():
            return number(value)
        case str():
            return text(value)
        case None:
            raise ValueError("an attribute has a value")


@lru_cache(maxsize=64)
def _expression(put: tuple[str, ...], remove: tuple[str, ...], add: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """An update expression and its aliases."""
    clauses = {
        "SET": [f"{ALIASES.get(name, name)} = :set_{name}" for name in put],
        "REMOVE": [ALIASES.get(name, name) for name in remove],
        "ADD": [f"{ALIASES.get(name, name)} :add_{name}" for name in add],
    }
    expression = " ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses.items() if parts)
    return expression, _aliases(*put, *remove, *add)


@lru_cache(maxsize=64)
def _condition(conditions: tuple[tuple[str, str, bool, bool], ...]) -> tuple[str, dict[str, str]]:
    """A condition expression and its aliases."""
    parts = ["attribute_exists(maker)"]
    for n, (name, operator, none, or_none) in enumerate(conditions):
        alias = ALIASES.get(name, name)
        part = f"attribute_not_exists({alias})" if none else f"{alias} {operator} :if_{n}"
        parts.append(f"(attribute_not_exists({alias}) OR {part})" if or_none else part)
    return " AND ".join(parts), _aliases(*(name for name, *_ in conditions))


def _aliases(*names: str) -> dict[str, str]:
    return {ALIASES[name]: name for name in names if name in ALIASES}
