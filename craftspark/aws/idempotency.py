"""Bindings of Idempotency-Keys in the accounts table, as item `key#<effect>` of the maker who sent the key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import epoch, live, text
from craftspark.aws.transactions import ConditionsFailed, transact_for_maker
from craftspark.clock import utc_now
from craftspark.jobs.idempotency import KEY_LIFETIME, Effect, EffectExists, Write, key_reused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class BindingTable:
    """See craftspark.jobs.idempotency.Bindings."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime] = utc_now

    def writes(self, effect: Effect) -> list[Write]:
        return bind_key(self.table, effect, self.now())

    def is_bound(self, effect: Effect) -> bool:
        if not effect.keyed:
            return False
        item = self.client.get_item(TableName=self.table, Key=_key(effect), ConsistentRead=True).get("Item")
        if item is None or not live(item, self.now()):
            return False
        check(item, effect)
        return True

    def bind(self, effect: Effect) -> None:
        """Bind the key if the effect writes nothing else. Raises EffectExists."""
        write_effect(self.client, self.writes(effect))


def bind_key(table: str, effect: Effect, now: datetime) -> list[Write]:
    """The write that binds a key. It fails, with the old binding, if the key is bound."""
    if not effect.keyed:
        return []
    item = {**_key(effect), "fingerprint": text(effect.fingerprint), "expires_at": epoch(now + KEY_LIFETIME)}
    put = {
        "TableName": table,
        "Item": item,
        "ConditionExpression": "attribute_not_exists(maker) OR expires_at <= :now",
        "ExpressionAttributeValues": {":now": epoch(now)},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return [{"Put": put}]


def check(item: Mapping[str, Any], effect: Effect) -> None:
    """Raise IdempotencyKeyReused if the binding belongs to a different request."""
    if item["fingerprint"] != text(effect.fingerprint):
        raise key_reused()


def check_effect(failed: ConditionsFailed) -> None:
    """Raise EffectExists unless only the first of the writes failed."""
    if any(item is not None for item in failed.items[1:]):
        raise EffectExists("it was written before") from None


def write_effect(client: DynamoDBClient, writes: list[Write]) -> None:
    """Write everything or nothing. Raises EffectExists or AccountContended."""
    if not writes:
        return
    try:
        transact_for_maker(client, writes, "another of your requests changed the same data; send this request again")
    except ConditionsFailed:
        raise EffectExists("it was written before") from None


def _key(effect: Effect) -> Any:
    return {"maker": text(effect.maker), "item": text(f"key#{effect.effect_id}")}
