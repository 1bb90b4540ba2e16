"""Records of refused prompts in the accounts table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from craftspark.accounts.changes import Change
from craftspark.aws.accounts.account_table import AccountTable
from craftspark.aws.items import epoch, text, timestamp
from craftspark.moderation import Refusal

KEPT = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class RefusalTable:
    """See craftspark.accounts.refusals.RefusalRecords. A refusal is stored for KEPT."""

    accounts: AccountTable

    def add(self, refusal: Refusal, count: Change) -> None:
        record = {
            "maker": text(refusal.maker),
            "item": text(f"refusal#{timestamp(refusal.at)}#{refusal.text_sha256[:16]}"),
            "field": text(refusal.field),
            "text_sha256": text(refusal.text_sha256),
            "objections": {"L": [text(each) for each in refusal.objections]},
            "expires_at": epoch(refusal.at + KEPT),
        }
        self.accounts.write(count, [{"Put": {"TableName": self.accounts.table, "Item": record}}])
