"""Records of refused prompts, and the hold that they put on an account."""

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
# The same count can belong to another hour.
UNCHANGED = "refusals = :was AND refusals_from = :started"


@dataclass(frozen=True, kw_only=True)
class RefusalTable:
    """Refusals in the accounts table, stored for KEPT. The account counts the refusals of an hour.

    `held_until` is an attribute of the account, and a reservation has a condition on it. A submission needs no extra
    call.
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
        """Write the record and the count. Returns False if another refusal was counted at the same time."""
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
