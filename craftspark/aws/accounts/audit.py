"""Who did what to an account, in the accounts table beside it; written with what was done, and never changed."""

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
    """What `actor` did to a maker's account by the request of this id."""

    maker: str
    actor: str
    action: str
    details: Mapping[str, Any]
    at: datetime
    request: str


@dataclass(frozen=True, kw_only=True)
class AuditTable:
    """Audit entries of makers' accounts."""

    client: DynamoDBClient
    table: str

    def entry(self, act: Act) -> dict[str, Any]:
        """The write that keeps the act, for the transaction that does it."""
        item = {
            "maker": text(act.maker),
            "item": text(f"audit#{timestamp(act.at)}#{act.request}"),
            "actor": text(act.actor),
            "action": text(act.action),
            "details": text(json.dumps(act.details)),
        }
        return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": ABSENT}}

    def add(self, act: Act) -> None:
        """Keep an act that writes nothing else, such as a look."""
        self.client.put_item(**self.entry(act)["Put"])
