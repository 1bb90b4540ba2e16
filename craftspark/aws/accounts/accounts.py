"""Accounts: created on first use, moved to the new month on the first use in it, and changed by administrators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.accounts.credits import Account, Entry, minute_of, month_of, suspension_error
from craftspark.accounts.plans import Plan, find_plan
from craftspark.aws.accounts import ledger
from craftspark.aws.accounts.ledger import account_key, entry, read_account, read_entry, update
from craftspark.aws.idempotency import check_effect
from craftspark.aws.items import number, text
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.clock import utc_now
from craftspark.errors import AccountContended, AccountMissing, Contended, CreditsInsufficient
from craftspark.jobs.idempotency import EffectExists, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRIES = 5


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts table."""

    client: DynamoDBClient
    table: str
    plan: Plan
    now: Callable[[], datetime] = utc_now

    def read(self, maker: str) -> Account:
        """The maker's account, as of this month. Creates the account if it does not exist."""
        for _ in range(TRIES):
            account = self.find(maker)
            if account is None:
                self.open(maker)
            elif account.month < month_of(self.now()):
                self.start_month(account)
            else:
                return account
        raise AccountContended("another request changed your account at the same time; send this request again")

    def find(self, maker: str) -> Account | None:
        """The account as stored, or None if the maker has no account."""
        response = self.client.get_item(TableName=self.table, Key=account_key(maker), ConsistentRead=True)
        return read_account(response["Item"]) if "Item" in response else None

    def check_active(self, maker: str) -> None:
        """Raise AccountSuspended if the account is suspended."""
        account = self.find(maker)
        if account is not None and account.suspended:
            raise suspension_error(account)

    def read_existing(self, maker: str) -> Account:
        """The account, as of this month. Raises AccountMissing if the maker has no account."""
        account = self.find(maker)
        if account is None:
            raise AccountMissing(f"there is no account for {maker}", field="maker")
        return account if account.month >= month_of(self.now()) else self.read(maker)

    def open(self, maker: str) -> None:
        """Create the account with this month's credits of the plan, unless it exists."""
        now = self.now()
        credits = self.plan.monthly_credits
        account = Account(
            maker=maker,
            plan=self.plan.name,
            granted=credits,
            available=credits,
            reserved=0,
            spent=0,
            expired=0,
            active_jobs=0,
            month=month_of(now),
            monthly=credits,
            used=0,
            minute=minute_of(now),
            submissions=0,
        )
        put = {"TableName": self.table, "Item": ledger.account_item(account), "ConditionExpression": ledger.ABSENT}
        grant = entry(self.table, maker, "grant", account.month, credits, now)
        self._try_write([{"Put": put}, grant])

    def start_month(self, account: Account) -> None:
        """Expire the unused credits of an earlier month and grant this month's, once for any number of callers."""
        now = self.now()
        month, granted, left = month_of(now), find_plan(account.plan).monthly_credits, account.expiring
        change = update(
            self.table,
            account.maker,
            add={"granted": granted, "available": granted - left, "expired": left},
            put={"month": text(month), "monthly": number(granted), "used": number(0)},
            # A reservation, a refund or a change of plan since the account was read changes the expiring amount.
            condition="#month = :was AND used = :used AND monthly = :monthly",
            values={
                ":was": text(account.month),
                ":used": number(account.used),
                ":monthly": number(account.monthly),
            },
        )
        entries = [entry(self.table, account.maker, "grant", month, granted, now)]
        if left:
            entries.append(entry(self.table, account.maker, "expire", account.month, left, now))
        self._try_write([change, *entries])

    def start_minute(self, account: Account, minute: str) -> None:
        """Restart the count of submissions, once per minute."""
        change = update(
            self.table,
            account.maker,
            add={},
            put={"minute": text(minute), "submissions": number(0)},
            condition="#minute < :minute",
            values={":minute": text(minute)},
        )
        self._try_write([change])

    def top_up(self, maker: str, credits: int, key: str, note: str, also: Sequence[Write] = ()) -> Account:
        """Grant credits that do not expire, in one transaction with the writes in `also`.

        Raises AccountMissing or EffectExists.
        """
        self.read_existing(maker)
        change = update(
            self.table,
            maker,
            add={"granted": credits, "available": credits},
            condition="attribute_exists(maker)",
            values={},
        )
        granted = entry(self.table, maker, "grant", f"topup#{key}", credits, self.now(), note=note)
        self._write_effect([change, granted, *also])
        return self.read_existing(maker)

    def adjust(self, maker: str, credits: int, key: str, note: str, also: Sequence[Write] = ()) -> Account:
        """Add credits, or deduct available credits, as a correction, in one transaction with the writes in `also`.

        Raises AccountMissing, EffectExists, or CreditsInsufficient if fewer credits are available than are deducted.
        """
        for _ in range(TRIES):
            account = self.read_existing(maker)
            if self._has_entry(maker, f"adjust#{key}"):
                raise EffectExists(f"the adjustment {key} was made before")
            if account.available + credits < 0:
                raise CreditsInsufficient(
                    f"the account has {account.available} credits, fewer than the {-credits} to deduct",
                    field="credits",
                    available=account.available,
                )
            change = update(
                self.table,
                maker,
                # A deduction uses the monthly credits first, as a job does.
                add={"granted": credits, "available": credits, **({"used": -credits} if credits < 0 else {})},
                condition="available >= :taken AND #month = :month",
                values={":taken": number(max(0, -credits)), ":month": text(account.month)},
            )
            made = entry(self.table, maker, "adjust", key, -credits, self.now(), note=note)
            if self._write_effect([change, made, *also]):
                return self.read_existing(maker)
        raise AccountContended("another request changed the account at the same time; send this request again")

    def change_plan(self, maker: str, plan: Plan, also: Sequence[Write] = ()) -> Account:
        """Change the plan. A larger plan grants the difference of the monthly credits immediately. Raises
        AccountMissing.

        The writes in `also` are part of the transaction. If the account has this plan already, nothing is written.
        """
        for _ in range(TRIES):
            account = self.read_existing(maker)
            if account.plan == plan.name:
                return account
            more = max(0, plan.monthly_credits - account.monthly)
            change = update(
                self.table,
                maker,
                add={"granted": more, "available": more, "monthly": more},
                put={"plan": text(plan.name)},
                condition="#plan = :was AND monthly = :monthly AND #month = :month",
                values={
                    ":was": text(account.plan),
                    ":monthly": number(account.monthly),
                    ":month": text(account.month),
                },
            )
            grant = entry(self.table, maker, "grant", f"{account.month}#{plan.name}", more, self.now())
            if self._try_write([change, *([grant] if more else []), *also]):
                return self.read_existing(maker)
        raise AccountContended("another request changed the account at the same time; send this request again")

    def suspend(self, maker: str, reason: str | None, also: Sequence[Write] = ()) -> Account:
        """Suspend the account with a reason, or lift the suspension if `reason` is None. Raises AccountMissing."""
        self.read_existing(maker)
        expression = "SET suspended = :reason" if reason else "REMOVE suspended"
        values: Any = {"ExpressionAttributeValues": {":reason": text(reason)}} if reason else {}
        change = {"TableName": self.table, "Key": account_key(maker), "UpdateExpression": expression, **values}
        self._try_write([{"Update": change}, *also])
        return self.read_existing(maker)

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
        return [
            read_entry(item) for item in response["Items"]
        ], f"{last['at']['S']} {last['item']['S']}" if last else None

    def _has_entry(self, maker: str, name: str) -> bool:
        key = {"maker": text(maker), "item": text(f"entry#{name}")}
        return "Item" in self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)

    def _write_effect(self, writes: list[Write]) -> bool:
        """Write an account change, its entry and the other writes. Returns False if the account changed since it was
        read.

        Raises EffectExists if the entry or one of the other items exists.
        """
        try:
            self._transact(writes)
        except ConditionsFailed as failed:
            check_effect(failed)
            return False
        return True

    def _try_write(self, writes: list[dict[str, Any]]) -> bool:
        """Write, and return whether it was written. If not, another request has made or prevented this change."""
        try:
            self._transact(writes)
        except ConditionsFailed:
            return False
        return True

    def _transact(self, writes: list[Write]) -> None:
        try:
            transact(self.client, writes)
        except Contended as contended:
            raise AccountContended(
                "another request changed the account at the same time; send this request again"
            ) from contended
