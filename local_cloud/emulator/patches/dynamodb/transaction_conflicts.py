"""A transaction takes time, and what meets it on an item is refused.

Gap: the emulator carries out each request at once, so no two of them ever meet. On AWS, a transaction holds its items
until they are written. Meanwhile, another transaction with one of them is cancelled with `TransactionConflict`, and so
is a transactional read. A single write is refused with `TransactionConflictException`, which no SDK retries. A request
that is repeated with its token while the first one runs is `TransactionInProgressException`.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import dynamodb

from local_cloud.emulator.open_transactions import Item, OpenTransactions
from local_cloud.emulator.patching import Extension, Patch, Target

# DynamoDB prepares every item and then writes every item, each with a message to its partition.
TRANSACTION_S = 0.005
ONGOING = "Transaction is ongoing for the item"
IN_PROGRESS = "The transaction with the given request token is already in progress."

OPEN = OpenTransactions()


def extend_requests(handle: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def hold_and_handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, *rest: Any, **options: Any
    ) -> Any:
        if not headers.get("x-amz-target", "").endswith(".TransactWriteItems"):
            return await handle(method, path, headers, body, *rest, **options)
        request = _parse(body)
        items = [find_item(operation) for operation in operations_of(request)]
        token = request.get("ClientRequestToken")
        with OPEN.hold_token((get_account_id(), get_region(), str(token)) if token else None) as repeated:
            if repeated:
                return error_response_json("TransactionInProgressException", IN_PROGRESS, 400)
            with OPEN.hold(items) as met:
                if any(met):
                    return cancel(met)
                await asyncio.sleep(TRANSACTION_S)
                return await handle(method, path, headers, body, *rest, **options)

    return hold_and_handle


def extend_write(write: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def check_and_write(data: dict[str, Any]) -> Any:
        if any(OPEN.holds([find_item(data)])):
            return error_response_json("TransactionConflictException", ONGOING, 400)
        return write(data)

    return check_and_write


def extend_read(read: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A read in a transaction."""

    def check_and_read(data: dict[str, Any]) -> Any:
        met = OPEN.holds([find_item(operation) for operation in operations_of(data)])
        return cancel(met) if any(met) else read(data)

    return check_and_read


def operations_of(request: Mapping[str, Any]) -> list[Any]:
    """The operation of each item of the request."""
    items = request.get("TransactItems")
    if not isinstance(items, list):
        return []
    return [next(iter(item.values()), None) if isinstance(item, dict) else None for item in items]


def find_item(operation: Any) -> Item | None:
    """The item that an operation or a single write is for, or None if the emulator refuses it anyway."""
    if not isinstance(operation, dict):
        return None
    name = dynamodb._normalize_table_name(operation.get("TableName"))
    table, key = dynamodb._tables.get(name), operation.get("Item", operation.get("Key"))
    if not table or not isinstance(key, dict):
        return None
    partition, sort = (str(dynamodb._extract_key_val(key.get(table[end]))) for end in ("pk_name", "sk_name"))
    return get_account_id(), get_region(), name, partition, sort


def cancel(met: Sequence[bool]) -> Any:
    """The answer to a transaction that meets others on some of its items."""
    reasons = [{"Code": "TransactionConflict", "Message": ONGOING} if each else {"Code": "None"} for each in met]
    codes = ", ".join(reason["Code"] for reason in reasons)
    body = {
        "__type": "TransactionCanceledException",
        "message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        "CancellationReasons": reasons,
    }
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-errortype": "TransactionCanceledException"}
    return 400, headers, json.dumps(body).encode()


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(body)
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


PATCH = Patch(
    name="transaction conflicts",
    gap="transactions never meet each other or a single write",
    targets=(
        Extension(dynamodb, "handle_request", "1201f2ac993ce1a07339816d280e7b86", extend_requests),
        Extension(dynamodb, "_put_item", "bedd46ca55246529b5beef5f2f8af8f3", extend_write),
        Extension(dynamodb, "_update_item", "4ae0d444448996b69846b0ae1a195998", extend_write),
        Extension(dynamodb, "_delete_item", "54866289153044198302a1aff23a2ecb", extend_write),
        Extension(dynamodb, "_transact_get_items", "4fd2ebad6b20f832314bd82a601e7e7f", extend_read),
        Target(dynamodb, "_normalize_table_name", "904f676618e44f7bc9eb72ff535b8403"),
        Target(dynamodb, "_transact_write_items", "d931eab087546b66b8b9dc0152f42fe6"),
    ),
)
