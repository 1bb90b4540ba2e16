"""A transaction takes time, and what meets it on an item is refused.

The fault `conflict` makes a share of the transactions and single writes meet another transaction that is not there.

Gap: the emulator carries out each request immediately, so no two of them ever meet. On AWS, a transaction holds its
items until they are written. Meanwhile, another transaction with one of them is cancelled with `TransactionConflict`,
and so is a transactional read. A single write is refused with `TransactionConflictException`, which no SDK retries. A
request that is repeated with its token while the first one runs is `TransactionInProgressException`.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import dynamodb

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.emulator.tables.item_requests import Answer, Handler, ItemName, cancel, find_item, items_of
from local_cloud.emulator.tables.open_transactions import OpenTransactions

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
        OPEN.add_tables(items)
        token = request.get("ClientRequestToken")
        with OPEN.hold_token((get_account_id(), get_region(), str(token)) if token else None) as repeated:
            if repeated:
                return error_response_json("TransactionInProgressException", IN_PROGRESS, 400)
            with OPEN.hold(items) as met:
                if any(met) or any(met := strike("TransactWriteItems", items)):
                    return cancel_conflicts(met)
                await asyncio.sleep(TRANSACTION_S)
                return await handle(method, path, headers, body, *rest, **options)

    return hold_and_handle


def extend_write(action: str) -> Callable[[Handler], Handler]:
    def extend(write: Handler) -> Handler:
        def check_and_write(data: dict[str, Any]) -> Answer:
            item = find_item(data)
            if item and (any(OPEN.holds([item.name])) or any(strike(action, [item.name]))):
                refusal: Answer = error_response_json("TransactionConflictException", ONGOING, 400)
                return refusal
            return write(data)

        return check_and_write

    return extend


def strike(action: str, items: Sequence[ItemName | None]) -> list[bool]:
    """Which items meet another transaction because the fault strikes: none or one, in a table with transactions."""
    first = next((item for item in items if item is not None and OPEN.knows(item)), None)
    struck = first is not None and FAULTS.strikes("conflict", f"dynamodb:{action}", first[2])
    return [struck and item == first for item in items]


def extend_read(read: Handler) -> Handler:
    """A read in a transaction."""

    def check_and_read(data: dict[str, Any]) -> Answer:
        items = names_of(data)
        met = OPEN.holds(items)
        met = met if any(met) else strike("TransactGetItems", items)
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
        Extension(dynamodb, "_put_item", "bedd46ca55246529b5beef5f2f8af8f3", extend_write("PutItem")),
        Extension(dynamodb, "_update_item", "4ae0d444448996b69846b0ae1a195998", extend_write("UpdateItem")),
        Extension(dynamodb, "_delete_item", "54866289153044198302a1aff23a2ecb", extend_write("DeleteItem")),
        Extension(dynamodb, "_transact_get_items", "4fd2ebad6b20f832314bd82a601e7e7f", extend_read),
        Target(dynamodb, "_normalize_table_name", "904f676618e44f7bc9eb72ff535b8403"),
        Target(dynamodb, "_transact_write_items", "d931eab087546b66b8b9dc0152f42fe6"),
    ),
)
