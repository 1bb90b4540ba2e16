"""Accounts: created on first use, moved to the new month on the first use in it, and changed by administrators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from craftspark.accounts import changes
from craftspark.accounts.changes import AccountChanged, Change
from craftspark.accounts.credits import Account, Entry, month_of, suspension_error
from craftspark.accounts.plans import Plan, find_plan
from craftspark.clock import utc_now
from craftspark.errors import AccountContended, AccountMissing
from craftspark.jobs.idempotency import EffectExists, Write

TRIES = 5


class AccountRecords(Protocol):
    """Stores accounts and their ledgers."""

    def find(self, maker: str) -> Account | None:
        """The account as stored, or None if the maker has no account."""

    def add(self, account: Account, grant: Entry) -> None:
        """Store a new account and its first entry. Does nothing if the account exists."""

    def write(self, change: Change, also: Sequence[Write] = ()) -> None:
        """Write the change and the writes in `also`, in one transaction.

        Writes nothing and raises AccountMissing, AccountContended, AccountChanged if a condition of the change does not
        hold, or EffectExists if the conditions hold and an entry or an item of `also` exists.
        """

    def has_entry(self, maker: str, name: str) -> bool:
        """Whether the ledger has an entry with this name."""


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Reads and changes accounts. A new account has the plan `plan`.

    A change that another request overtakes is decided again on the account as it is then. After TRIES such tries, it
    raises AccountContended. The writes in `also` are part of the transaction of a change.
    """

    records: AccountRecords
    plan: Plan
    now: Callable[[], datetime] = utc_now

    def read(self, maker: str) -> Account:
        """The maker's account, as of this month. Creates the account if it does not exist."""
        for _ in range(TRIES):
            account = self.records.find(maker)
            if account is None:
                self.open(maker)
            elif account.month < month_of(self.now()):
                self.try_write(changes.start_month(account, self.now()))
            else:
                return account
        raise AccountContended("another request changed your account at the same time; send this request again")

    def check_active(self, maker: str) -> None:
        """Raise AccountSuspended if the account is suspended."""
        account = self.records.find(maker)
        if account is not None and account.suspended:
            raise suspension_error(account)

    def read_existing(self, maker: str) -> Account:
        """The account, as of this month. Raises AccountMissing if the maker has no account."""
        account = self.records.find(maker)
        if account is None:
            raise account_missing(maker)
        return account if account.month >= month_of(self.now()) else self.read(maker)

    def plan_of(self, maker: str) -> Plan:
        """The plan of the maker's account, or the plan of new accounts if the maker has no account."""
        account = self.records.find(maker)
        return find_plan(account.plan) if account else self.plan

    def open(self, maker: str) -> None:
        """Create the account with this month's credits of the plan. Does nothing if it exists."""
        self.records.add(*changes.open_account(maker, self.plan, self.now()))

    def top_up(self, maker: str, credits: int, key: str, note: str, also: Sequence[Write] = ()) -> Account:
        """Grant credits that do not expire. Raises AccountMissing or EffectExists."""
        return self._change(maker, lambda account: changes.top_up(account, credits, key, note, self.now()), also)

    def adjust(self, maker: str, credits: int, key: str, note: str, also: Sequence[Write] = ()) -> Account:
        """Add credits, or deduct available credits, as a correction.

        Raises AccountMissing, EffectExists, or CreditsInsufficient if fewer credits are available than are deducted.
        """

        def decide(account: Account) -> Change:
            if self.records.has_entry(maker, f"adjust#{key}"):
                raise EffectExists(f"the adjustment {key} was made before")
            return changes.adjust(account, credits, key, note, self.now())

        return self._change(maker, decide, also)

    def change_plan(self, maker: str, plan: Plan, also: Sequence[Write] = ()) -> Account:
        """Change the plan. A larger plan grants the difference of the monthly credits immediately. If the account has
        this plan already, nothing is written.

        Raises AccountMissing.
        """

        def decide(account: Account) -> Change | None:
            return None if account.plan == plan.name else changes.change_plan(account, plan, self.now())

        return self._change(maker, decide, also)

    def suspend(self, maker: str, reason: str | None, also: Sequence[Write] = ()) -> Account:
        """Suspend the account with a reason, or lift the suspension if `reason` is None. Raises AccountMissing."""
        return self._change(maker, lambda account: changes.suspend(account, reason), also)

    def try_write(self, change: Change) -> None:
        """Write a change that any number of requests make at the same time, and that happens once."""
        with suppress(AccountChanged, EffectExists):
            self.records.write(change)

    def _change(self, maker: str, decide: Callable[[Account], Change | None], also: Sequence[Write]) -> Account:
        for _ in range(TRIES):
            account = self.read_existing(maker)
            change = decide(account)
            if change is None:
                return account
            with suppress(AccountChanged):
                self.records.write(change, also)
                return self.read_existing(maker)
        raise AccountContended("another request changed the account at the same time; send this request again")


def account_missing(maker: str) -> AccountMissing:
    return AccountMissing(f"there is no account for {maker}", field="maker")
