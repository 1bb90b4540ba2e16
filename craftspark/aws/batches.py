"""Reads and writes of many items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from craftspark.aws.retries import TRIES, until_done
from craftspark.errors import Contended

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_PER_CALL = 100
WRITES_PER_CALL = 25


def read_items(client: DynamoDBClient, table: str, keys: Sequence[Any], *, consistent: bool = False) -> Iterator[Any]:
    """The items that exist, in no order. Raises Contended.

    DynamoDB may leave keys out, for example while it throttles the table. They are asked for again.
    """
    items: list[Any] = []
    if _read(client, table, keys, items, ConsistentRead=consistent):
        raise Contended(f"the table left keys out of {TRIES} answers")
    yield from items


def read_most(client: DynamoDBClient, table: str, keys: Sequence[Any], *, fields: str) -> list[Any]:
    """These fields of the items that exist, in no order, without those that DynamoDB leaves out every time."""
    items: list[Any] = []
    _read(client, table, keys, items, ProjectionExpression=fields)
    return items


def _read(client: DynamoDBClient, table: str, keys: Sequence[Any], items: list[Any], **options: Any) -> bool:
    """Add the items that exist to `items`. Returns whether keys were left out to the end."""

    def call(asked: Any) -> Any:
        answer = client.batch_get_item(RequestItems=asked)
        items.extend(answer["Responses"].get(table, []))
        return answer.get("UnprocessedKeys")

    starts = range(0, len(keys), KEYS_PER_CALL)
    left = [until_done(call, {table: {"Keys": keys[start : start + KEYS_PER_CALL], **options}}) for start in starts]
    return any(left)


def put_items(client: DynamoDBClient, table: str, items: Sequence[Any]) -> None:
    """Put many items, in no order. Raises Contended: some are written then, and the same call can be made again."""
    _write(client, table, [{"PutRequest": {"Item": item}} for item in items])


def delete_items(client: DynamoDBClient, table: str, keys: Sequence[Any]) -> None:
    """Delete many items, in no order. Raises Contended, like `put_items`."""
    _write(client, table, [{"DeleteRequest": {"Key": key}} for key in keys])


def _write(client: DynamoDBClient, table: str, writes: Sequence[Any]) -> None:
    def call(asked: Any) -> Any:
        return client.batch_write_item(RequestItems=asked).get("UnprocessedItems")

    for start in range(0, len(writes), WRITES_PER_CALL):
        if until_done(call, {table: writes[start : start + WRITES_PER_CALL]}):
            raise Contended(f"the table left writes out of {TRIES} answers")
