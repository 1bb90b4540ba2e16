"""The audit log: who did what to an account. Entries are written in the same transaction as the change and never
change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.accounts.ledger import ABSENT
from craftspark.aws.items import text, timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class Act:
    """What `actor` did to a maker's account in one request, whose id is `request`."""

    maker: str
    actor: str
    action: str
    details: Mapping[str, Any]
    at: datetime
    request: str


@dataclass(frozen=True, kw_only=True)
class AuditTable:
    """Audit entries in the accounts table."""

    client: DynamoDBClient
    table: str

    def entry(self, act: Act) -> dict[str, Any]:
        """The write that records the act, for the transaction that makes the change."""
        item = {
            "maker": text(act.maker),
            "item": text(f"audit#{timestamp(act.at)}#{act.request}"),
            "actor": text(act.actor),
            "action": text(act.action),
            "details": text(json.dumps(act.details)),
        }
        return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": ABSENT}}

    def add(self, act: Act) -> None:
        """Record an act that writes nothing else, such as a read."""
        self.client.put_item(**self.entry(act)["Put"])
