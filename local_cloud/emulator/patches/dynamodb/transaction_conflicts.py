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

from local_cloud.emulator.item_requests import Answer, ItemName, cancel, find_item, items_of
from local_cloud.emulator.open_transactions import OpenTransactions
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
        items = names_of(request)
        token = request.get("ClientRequestToken")
        with OPEN.hold_token((get_account_id(), get_region(), str(token)) if token else None) as repeated:
            if repeated:
                return error_response_json("TransactionInProgressException", IN_PROGRESS, 400)
            with OPEN.hold(items) as met:
                if any(met):
                    return cancel_conflicts(met)
                await asyncio.sleep(TRANSACTION_S)
                return await handle(method, path, headers, body, *rest, **options)

    return hold_and_handle


def extend_write(write: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def check_and_write(data: dict[str, Any]) -> Any:
        item = find_item(data)
        if item and any(OPEN.holds([item.name])):
            return error_response_json("TransactionConflictException", ONGOING, 400)
        return write(data)

    return check_and_write


def extend_read(read: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A read in a transaction."""

    def check_and_read(data: dict[str, Any]) -> Any:
        met = OPEN.holds(names_of(data))
        return cancel_conflicts(met) if any(met) else read(data)

    return check_and_read


def cancel_conflicts(met: Sequence[bool]) -> Answer:
    """The answer to a transaction that meets others on some of its items."""
    return cancel({"Code": "TransactionConflict", "Message": ONGOING} if each else None for each in met)


def names_of(request: Mapping[str, Any]) -> list[ItemName | None]:
    return [item.name if item else None for item in items_of(request)]


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
