"""Reads of many items by their keys."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from craftspark.errors import Contended

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_PER_CALL = 100
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
