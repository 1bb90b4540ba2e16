"""Reads and writes of many items."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from craftspark.errors import Contended

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_PER_CALL = 100
WRITES_PER_CALL = 25
TRIES = 5
PAUSE_S = 0.02


def read_items(client: DynamoDBClient, table: str, keys: Sequence[Any], *, consistent: bool = False) -> Iterator[Any]:
    """The items that exist, in no order. Raises Contended.

    DynamoDB may leave keys out, for example while it throttles the table. They are asked for again.
    """
    for start in range(0, len(keys), KEYS_PER_CALL):
        asked: Any = {table: {"Keys": keys[start : start + KEYS_PER_CALL], "ConsistentRead": consistent}}
        for attempt in range(TRIES):
            time.sleep(PAUSE_S * attempt)
            answer = client.batch_get_item(RequestItems=asked)
            yield from answer["Responses"].get(table, [])
            asked = answer.get("UnprocessedKeys")
            if not asked:
                break
        else:
            raise Contended(f"the table left keys out of {TRIES} answers")


def put_items(client: DynamoDBClient, table: str, items: Sequence[Any]) -> None:
    """Put many items, in no order. Raises Contended: some are written then, and the same call can be made again."""
    _write(client, table, [{"PutRequest": {"Item": item}} for item in items])


def delete_items(client: DynamoDBClient, table: str, keys: Sequence[Any]) -> None:
    """Delete many items, in no order. Raises Contended, like `put_items`."""
    _write(client, table, [{"DeleteRequest": {"Key": key}} for key in keys])


def _write(client: DynamoDBClient, table: str, writes: Sequence[Any]) -> None:
    for start in range(0, len(writes), WRITES_PER_CALL):
        asked: Any = {table: writes[start : start + WRITES_PER_CALL]}
        for attempt in range(TRIES):
            time.sleep(PAUSE_S * attempt)
            asked = client.batch_write_item(RequestItems=asked).get("UnprocessedItems")
            if not asked:
                break
        else:
            raise Contended(f"the table left writes out of {TRIES} answers")
