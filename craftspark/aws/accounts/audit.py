"""The audit: what administrators did to accounts, and which ones they read. Entries never change.

A change is written in the same transaction as its entry. The key of an entry has its kind, so that the changes of an
account can be listed without the reads. The index `trails` has the entries of all accounts, by kind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from craftspark.aws.accounts.ledger import ABSENT
from craftspark.aws.items import text, timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ActKind = Literal["change", "access"]
ACT_KINDS: tuple[ActKind, ...] = get_args(ActKind)
PREFIXES: Mapping[ActKind, str] = {"change": "audit#", "access": "access#"}
TRAILS = "trails"


@dataclass(frozen=True, kw_only=True)
class Act:
    """What `actor` did to a maker's account in one request, whose id is `request`.

    `actor_email` is the actor's address at that time, or None for a program.
    """

    maker: str
    actor: str
    actor_email: str | None = None
    action: str
    details: Mapping[str, Any]
    at: datetime
    request: str
    kind: ActKind = "change"


@dataclass(frozen=True, kw_only=True)
class AuditTable:
    """Audit entries in the accounts table."""

    client: DynamoDBClient
    table: str

    def entry(self, act: Act) -> dict[str, Any]:
        """The write that records the act, for the transaction that makes the change."""
        item = {
            "maker": text(act.maker),
            "item": text(f"{PREFIXES[act.kind]}{timestamp(act.at)}#{act.request}"),
            "trail": text(act.kind),
            "actor": text(act.actor),
            **({"actor_email": text(act.actor_email)} if act.actor_email else {}),
            "action": text(act.action),
            "details": text(json.dumps(act.details)),
        }
        return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": ABSENT}}

    def add(self, act: Act) -> None:
        """Record an act that writes nothing else, such as a read."""
        self.client.put_item(**self.entry(act)["Put"])

    def list_acts(
        self, kind: ActKind, limit: int, after: str | None = None, *, maker: str | None = None
    ) -> tuple[list[Act], str | None]:
        """Up to `limit` acts, newest first, and the position of the last one, or None on the last page.

        The acts are those on one maker's account, or on all accounts. `after` is the position `<item> <maker>` of the
        last act on the previous page.
        """
        of_all: dict[str, Any] = {
            "IndexName": TRAILS,
            "KeyConditionExpression": "trail = :trail",
            "ExpressionAttributeValues": {":trail": text(kind)},
        }
        of_one: dict[str, Any] = {
            "KeyConditionExpression": "maker = :maker AND begins_with(#item, :prefix)",
            "ExpressionAttributeNames": {"#item": "item"},
            "ExpressionAttributeValues": {":maker": text(maker or ""), ":prefix": text(PREFIXES[kind])},
        }
        start: Any = {}
        if after:
            item, _, last_maker = after.partition(" ")
            key = {"maker": text(last_maker), "item": text(item)}
            start = {"ExclusiveStartKey": key if maker else {**key, "trail": text(kind)}}
        wanted = of_one if maker else of_all
        answer = self.client.query(TableName=self.table, ScanIndexForward=False, Limit=limit, **wanted, **start)
        last = answer.get("LastEvaluatedKey")
        position = f"{last['item']['S']} {last['maker']['S']}" if last else None
        return [_read_act(item) for item in answer["Items"]], position


def _read_act(item: Mapping[str, Any]) -> Act:
    prefix, at, request = item["item"]["S"].split("#", 2)
    return Act(
        maker=item["maker"]["S"],
        actor=item["actor"]["S"],
        actor_email=item["actor_email"]["S"] if "actor_email" in item else None,
        action=item["action"]["S"],
        details=json.loads(item["details"]["S"]),
        at=datetime.fromisoformat(at),
        request=request,
        kind=next(kind for kind in ACT_KINDS if PREFIXES[kind] == f"{prefix}#"),
    )
