"""Records of refused prompts, and how they slow a maker down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from craftspark.accounts.credits import REFUSAL_WINDOW, Account, hold_duration, hold_error
from craftspark.accounts.plans import find_plan
from craftspark.aws.accounts.accounts import TRIES, Accounts
from craftspark.aws.accounts.ledger import update
from craftspark.aws.items import epoch, number, text, timestamp
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.errors import AccountContended, Contended
from craftspark.moderation import Refusal

KEPT = timedelta(days=90)
# The same number may be that of another hour.
UNCHANGED = "refusals = :was AND refusals_from = :started"


@dataclass(frozen=True, kw_only=True)
class RefusalTable:
    """Refusals in the accounts table, beside the maker's account, for KEPT; the account counts those of an hour.

    The account says until when its next job waits, and a reservation is written under that condition: no submission
    makes a call for it.
    """

    accounts: Accounts

    def add(self, refusal: Refusal) -> None:
        for _ in range(TRIES):
            account = self.accounts.find(refusal.maker)
            if account is None:
                self.accounts.open(refusal.maker)
            elif held := hold_error(account, refusal.at):
                raise held
            elif self._write(refusal, account):
                return
        raise AccountContended("another request changed your account at the same time; send this request again")

    def _write(self, refusal: Refusal, account: Account) -> bool:
        """Whether the record was written and counted; not where another refusal was counted at the same moment."""
        started = account.refusals_from
        counting = started is not None and refusal.at < started + REFUSAL_WINDOW
        count = account.refusals + 1 if counting else 1
        put = {
            "refusals": number(count),
            "refusals_from": text(timestamp(started if started and counting else refusal.at)),
        }
        if wait := hold_duration(count, find_plan(account.plan)):
            put["held_until"] = text(timestamp(refusal.at + wait))
        change = update(
            self.accounts.table,
            refusal.maker,
            add={},
            put=put,
            condition="attribute_exists(maker) AND " + (UNCHANGED if started else "attribute_not_exists(refusals)"),
            values={":was": number(account.refusals), ":started": text(timestamp(started))} if started else {},
        )
        record = {
            "maker": text(refusal.maker),
            "item": text(f"refusal#{timestamp(refusal.at)}#{refusal.text_sha256[:16]}"),
            "field": text(refusal.field),
            "text_sha256": text(refusal.text_sha256),
            "objections": {"L": [text(each) for each in refusal.objections]},
            "expires_at": epoch(refusal.at + KEPT),
        }
        try:
            transact(self.accounts.client, [{"Put": {"TableName": self.accounts.table, "Item": record}}, change])
        except ConditionsFailed:
            return False
        except Contended as contended:
            raise AccountContended(
                "too many of your requests arrived at the same time; send this request again"
            ) from contended
        return True
