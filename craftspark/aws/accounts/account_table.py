"""Accounts and their ledgers in the accounts table."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.accounts.accounts import account_missing
from craftspark.accounts.changes import AccountChanged, Change
from craftspark.accounts.credits import Account, Entry
from craftspark.aws.accounts.ledger import (
    ABSENT,
    account_item,
    account_key,
    add_entry,
    change_writes,
    read_account,
    read_entry,
)
from craftspark.aws.items import text
from craftspark.aws.transactions import ConditionsFailed, transact_for_maker
from craftspark.jobs.idempotency import EffectExists, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class AccountTable:
    """See craftspark.accounts.accounts.AccountRecords."""

    client: DynamoDBClient
    table: str

    def find(self, maker: str) -> Account | None:
        response = self.client.get_item(TableName=self.table, Key=account_key(maker), ConsistentRead=True)
        return read_account(response["Item"]) if "Item" in response else None

    def add(self, account: Account, grant: Entry) -> None:
        put = {"TableName": self.table, "Item": account_item(account), "ConditionExpression": ABSENT}
        with suppress(ConditionsFailed):
            self._transact([{"Put": put}, add_entry(self.table, account.maker, grant)])

    def write(self, change: Change, also: Sequence[Write] = ()) -> None:
        try:
            self._transact([*change_writes(self.table, change), *also])
        except ConditionsFailed as failed:
            account = failed.items[0]
            if account is None:
                raise EffectExists("it was written before") from None
            raise AccountChanged(read_account(account)) if account else account_missing(change.maker) from None

    def has_entry(self, maker: str, name: str) -> bool:
        key = {"maker": text(maker), "item": text(f"entry#{name}")}
        return "Item" in self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)

    def entries(self, maker: str, limit: int, after: str | None) -> tuple[list[Entry], str | None]:
        """Up to `limit` ledger entries, newest first, and the position of the last one, or None on the last page.

        `after` is the position `<at> <item>` of the last entry on the previous page.
        """
        start: Any = {}
        if after:
            at, _, item = after.partition(" ")
            start = {"ExclusiveStartKey": {"maker": text(maker), "at": text(at), "item": text(item)}}
        response = self.client.query(
            TableName=self.table,
            IndexName="ledger",
            KeyConditionExpression="maker = :maker",
            ExpressionAttributeValues={":maker": text(maker)},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        last = response.get("LastEvaluatedKey")
        position = f"{last['at']['S']} {last['item']['S']}" if last else None
        return [read_entry(item) for item in response["Items"]], position

    def _transact(self, writes: list[Write]) -> None:
        contended = "another request changed the account at the same time; send this request again"
        transact_for_maker(self.client, writes, contended)
