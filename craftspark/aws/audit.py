"""Who did what to an account, in the accounts table beside it; written before it is done, and never changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import text, timestamp
from craftspark.aws.ledger import ABSENT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class AuditBook:
    """Audit entries of makers' accounts."""

    client: DynamoDBClient
    table: str

    def add(self, maker: str, *, actor: str, action: str, details: dict[str, Any], at: datetime, request: str) -> None:
        """`request` is the id of the request by which `actor` asked for it."""
        self.client.put_item(
            TableName=self.table,
            Item={
                "maker": text(maker),
                "item": text(f"audit#{timestamp(at)}#{request}"),
                "actor": text(actor),
                "action": text(action),
                "details": text(json.dumps(details)),
            },
            ConditionExpression=ABSENT,
        )
