"""Calls to DynamoDB that meet others at the same time."""

import threading
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from local_cloud.launcher.aws_clients import Clients
from tests.e2e.waiting import eventually

KIB = 1024


CALLERS = 4


T = TypeVar("T")


def new_table(aws: Clients) -> str:
    """A table with an index by `group`, and with all its units."""
    name = f"table-{uuid.uuid4().hex[:8]}"
    aws["dynamodb"].create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("id", "group")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_group",
                "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name


def key() -> dict[str, Any]:
    return {"id": {"S": uuid.uuid4().hex}}


def count(table: str, item: dict[str, Any]) -> dict[str, Any]:
    """An update that adds one to the item's count."""
    return {
        "TableName": table,
        "Key": item,
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def first_of(look: Callable[[], T], *, beside: Callable[[], object]) -> T:
    """The first true result of `look` while other threads repeat another call."""
    done = threading.Event()

    def repeat() -> None:
        while not done.is_set():
            outcome(beside)

    callers = [threading.Thread(target=repeat) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        return eventually(look)
    finally:
        done.set()
        for caller in callers:
            caller.join()


def refusals_of(call: Callable[[], object], *, beside: Callable[[], object]) -> dict[str, Any]:
    """The response to the first of these calls that is refused while other threads repeat another one."""
    return first_of(lambda: outcome(call), beside=beside)


def outcome(call: Callable[[], object]) -> dict[str, Any]:
    """The response to a refused call, or nothing."""
    try:
        call()
    except ClientError as refused:
        return dict(refused.response)
    return {}


def large(item: dict[str, Any], *, kib: int = 300, **attributes: str) -> dict[str, Any]:
    """An item with so many KiB of data."""
    return item | {"data": {"S": "x" * kib * KIB}} | {name: {"S": value} for name, value in attributes.items()}
