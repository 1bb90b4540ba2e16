"""Accounts and their ledger entries in the accounts table.

A maker's partition holds the account (`item` = "account") and one immutable entry for each grant, reservation,
commit and refund, whose key makes it happen once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import number, text, timestamp
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.credits import Account, Plan
from craftspark.jobs import Job
from craftspark.submissions import utc_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ABSENT = "attribute_not_exists(maker)"


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts table."""

    client: DynamoDBClient
    table: str
    plan: Plan

    def read(self, maker: str) -> Account:
        """The maker's account, opened on first touch."""
        for _ in range(2):
            answer = self.client.get_item(TableName=self.table, Key=account_key(maker), ConsistentRead=True)
            if item := answer.get("Item"):
                return read_account(item)
            self.open(maker)
        raise LookupError(f"the account of {maker} is not there after it was opened")

    def open(self, maker: str) -> None:
        """Give a maker who has no account one, with the plan's welcome credits as its first entry."""
        welcome = self.plan.welcome_credits
        account = {
            **account_key(maker),
            **{name: number(0) for name in ("reserved", "spent", "active_jobs")},
            **{name: number(welcome) for name in ("granted", "available")},
        }
        put = {"Put": {"TableName": self.table, "Item": account, "ConditionExpression": ABSENT}}
        try:
            transact(self.client, [put, entry(self.table, maker, "grant#welcome", welcome, utc_now())])
        except ConditionsFailed:
            return  # another request opened it at the same moment


def account_key(maker: str) -> Any:
    return {"maker": text(maker), "item": text("account")}


def read_account(item: Any) -> Account:
    names = ("granted", "available", "reserved", "spent", "active_jobs")
    return Account(maker=item["maker"]["S"], **{name: int(item[name]["N"]) for name in names})


def entry(table: str, maker: str, name: str, credits: int, at: datetime) -> dict[str, Any]:
    """A ledger entry as a write that fails where the entry exists."""
    item = {
        "maker": text(maker),
        "item": text(f"entry#{name}"),
        "credits": number(credits),
        "at": text(timestamp(at)),
    }
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": ABSENT}}


def reservation(table: str, job: Job, plan: Plan) -> list[dict[str, Any]]:
    """The writes that reserve a job's price: refused where credits or the number of active jobs do not allow it."""
    update = {
        "TableName": table,
        "Key": account_key(job.maker),
        "UpdateExpression": "ADD available :minus, reserved :price, active_jobs :one",
        "ConditionExpression": "available >= :price AND active_jobs < :limit",
        "ExpressionAttributeValues": {
            ":price": number(job.price),
            ":minus": number(-job.price),
            ":one": number(1),
            ":limit": number(plan.max_active_jobs),
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return [{"Update": update}, entry(table, job.maker, f"reserve#{job.job_id}", job.price, job.created_at)]


def resolution(table: str, job: Job, spent: int, at: datetime) -> list[dict[str, Any]]:
    """The writes that resolve a job's reservation: `spent` credits are committed, the others refunded."""
    refunded = job.price - spent
    update = {
        "TableName": table,
        "Key": account_key(job.maker),
        "UpdateExpression": "ADD available :refunded, reserved :minus, spent :spent, active_jobs :one_less",
        "ConditionExpression": "reserved >= :price",
        "ExpressionAttributeValues": {
            ":price": number(job.price),
            ":minus": number(-job.price),
            ":refunded": number(refunded),
            ":spent": number(spent),
            ":one_less": number(-1),
        },
    }
    amounts = {"commit": spent, "refund": refunded}
    entries = [
        entry(table, job.maker, f"{name}#{job.job_id}", credits, at) for name, credits in amounts.items() if credits
    ]
    return [{"Update": update}, *entries]
