"""Refused prompts: stored, and counted on the account."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from craftspark.accounts.accounts import TRIES, Accounts
from craftspark.accounts.changes import AccountChanged, Change, count_refusal
from craftspark.errors import AccountContended
from craftspark.moderation import Refusal


class RefusalRecords(Protocol):
    """Stores refusals, each in one transaction with the maker's account."""

    def add(self, refusal: Refusal, count: Change) -> None:
        """Raises AccountContended, or AccountChanged if a condition of the change does not hold."""


@dataclass(frozen=True, kw_only=True)
class CountedRefusals:
    """See craftspark.moderation.Refusals. The account counts the refusals of an hour and holds the end of a hold.

    A reservation has a condition on the hold, so a submission needs no extra call.
    """

    records: RefusalRecords
    accounts: Accounts

    def add(self, refusal: Refusal) -> None:
        for _ in range(TRIES):
            account = self.accounts.records.find(refusal.maker)
            if account is None:
                self.accounts.open(refusal.maker)
                continue
            with suppress(AccountChanged):
                self.records.add(refusal, count_refusal(account, refusal))
                return
        raise AccountContended("another request changed your account at the same time; send this request again")
