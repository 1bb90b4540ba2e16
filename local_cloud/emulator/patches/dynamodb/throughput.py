"""A partition key takes 1,000 write units and 3,000 read units per second, and a new table 4,000 and 12,000.

Gap: the emulator takes any number of requests. On AWS, a request for a key, a table or an index that has taken its
units is refused with `ThrottlingException`, a table with provisioned units with
`ProvisionedThroughputExceededException`. A write is refused as well if an index of its table cannot follow.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/throttling-key-range-limit-exceeded-mitigation.html
"""

import contextvars
from collections.abc import Callable, Iterable
from typing import Any

from ministack.services import dynamodb

from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.emulator.tables.item_requests import Answer, Handler, Named, cancel, find_item, find_table, items_of
from local_cloud.emulator.tables.throughput import (
    Kind,
    Range,
    charge,
    charge_write,
    find_throttle,
    read_units,
    refuse,
    written_ranges,
)

# The bytes that this request's query or scan has read.
_page_bytes: contextvars.ContextVar[int] = contextvars.ContextVar("page bytes", default=0)


def extend_write(write: Handler) -> Handler:
    def throttle_and_write(data: dict[str, Any]) -> Answer:
        item = find_item(data)
        if item is None:
            return write(data)
        if throttle := find_throttle("Write", written_ranges(item)):
            return refuse(throttle)
        old = item.read()
        answer = write(data)
        if answer[0] == 200 or b"ConditionalCheckFailedException" in answer[2]:
            charge_write(item, old)
        return answer

    return throttle_and_write


def extend_read(read: Handler) -> Handler:
    def throttle_and_read(data: dict[str, Any]) -> Answer:
        item = find_item(data)
        if item is None:
            return read(data)
        if throttle := find_throttle("Read", [Range(item.table, item.partition)]):
            return refuse(throttle)
        charge_read(item, consistent=bool(data.get("ConsistentRead")))
        return read(data)

    return throttle_and_read


def extend_transaction(transact: Handler) -> Handler:
    """Writes in a transaction take twice the units."""

    def throttle_and_transact(data: dict[str, Any]) -> Answer:
        items = items_of(data)
        if refusal := refuse_transaction("Write", items, written_ranges):
            return refusal
        before = [(item, item.read()) for item in items if item]
        answer = transact(data)
        if answer[0] == 200 or b"TransactionCanceledException" in answer[2]:
            for item, old in before:
                charge_write(item, old, in_transaction=True)
        return answer

    return throttle_and_transact


def extend_transacted_read(transact: Handler) -> Handler:
    """Reads in a transaction take twice the units."""

    def throttle_and_transact(data: dict[str, Any]) -> Answer:
        items = items_of(data)
        if refusal := refuse_transaction("Read", items, lambda item: [Range(item.table, item.partition)]):
            return refusal
        for item in filter(None, items):
            charge_read(item, consistent=True, times=2)
        return transact(data)

    return throttle_and_transact


def refuse_transaction(
    kind: Kind, items: Iterable[Named | None], ranges: Callable[[Named], list[Range]]
) -> Answer | None:
    throttles = [find_throttle(kind, ranges(item)) if item else None for item in items]
    return cancel(each.cancellation if each else None for each in throttles) if any(throttles) else None


def extend_page(page: Handler) -> Handler:
    """A query reads the partition that its condition names, a scan all of them."""

    def throttle_and_page(data: dict[str, Any]) -> Answer:
        table, index = find_table(data.get("TableName")), data.get("IndexName") or ""
        if not table:
            return page(data)
        part = Range(table, find_partition(table, index, data), index)
        if throttle := find_throttle("Read", [part]):
            return refuse(throttle)
        _page_bytes.set(0)
        answer = page(data)
        if answer[0] == 200:
            charge("Read", part, read_units(_page_bytes.get(), consistent=bool(data.get("ConsistentRead"))))
        return answer

    return throttle_and_page


def find_partition(table: Any, index: str, data: dict[str, Any]) -> str:
    name, _, _ = dynamodb._resolve_index_keys(table, index)
    values, names = data.get("ExpressionAttributeValues") or {}, data.get("ExpressionAttributeNames") or {}
    return str(dynamodb._extract_pk_from_condition(data.get("KeyConditionExpression"), values, names, name))


def extend_pagination(paginate: Callable[..., Any]) -> Callable[..., Any]:
    """Measure what a page has read, which is more than what a filter returns."""

    def measure(items: Any, limit: Any, table: Any, index_name: Any = None) -> Any:
        read, has_more = paginate(items, limit, table, index_name)
        entries = [dynamodb._apply_index_projection(item, table, index_name) if index_name else item for item in read]
        _page_bytes.set(sum(dynamodb._item_size_bytes(entry) for entry in entries))
        return read, has_more

    return measure


def charge_read(item: Named, *, consistent: bool, times: int = 1) -> None:
    size = dynamodb._item_size_bytes(item.read() or {})
    charge("Read", Range(item.table, item.partition), times * read_units(size, consistent=consistent))


PATCH = Patch(
    name="throughput",
    gap="a partition key takes any number of requests",
    targets=(
        Extension(dynamodb, "_put_item", "bedd46ca55246529b5beef5f2f8af8f3", extend_write),
        Extension(dynamodb, "_update_item", "4ae0d444448996b69846b0ae1a195998", extend_write),
        Extension(dynamodb, "_delete_item", "54866289153044198302a1aff23a2ecb", extend_write),
        Extension(dynamodb, "_get_item", "40a3e29c3c4d91c22d38bf5655d99265", extend_read),
        Extension(dynamodb, "_transact_write_items", "d931eab087546b66b8b9dc0152f42fe6", extend_transaction),
        Extension(dynamodb, "_transact_get_items", "4fd2ebad6b20f832314bd82a601e7e7f", extend_transacted_read),
        Extension(dynamodb, "_query", "50c2e7ec69e93ea3dd17cf40c93704d4", extend_page),
        Extension(dynamodb, "_scan", "7094ff00335eb10456a25d7d7440d18c", extend_page),
        Extension(dynamodb, "_paginate_evaluated_items", "d70cfb58e3a279c99c8c67aac2c9d6a4", extend_pagination),
        Target(dynamodb, "_get_item_by_key", "e76a1b5ac412984eac069b677b7b1b72"),
        Target(dynamodb, "_index_write_units", "29362ec98898abb783a53f9cedc9fbf3"),
        Target(dynamodb, "_index_partition", "67cf1c5bf0d458f268bdd7098d1f8380"),
        Target(dynamodb, "_index_key_lists", "6d24ff6d0b389fc3879c4865903dce69"),
        Target(dynamodb, "_index_def", "b4abe1220b2a7d46b6e7b9005e72a37a"),
        Target(dynamodb, "_resolve_index_keys", "b8b98638729f99845e386561a9b50783"),
        Target(dynamodb, "_extract_pk_from_condition", "ccfbde309b059f998dee328117c1959a"),
        Target(dynamodb, "_apply_index_projection", "edab067f1dc84c96d080b8618e47e3d1"),
        Target(dynamodb, "_item_size_bytes", "9be41cc11f947cdef198554a55cf6cd1"),
        Target(dynamodb, "_capacity_kb", "d05209d6a1dfcbc96fd9919659e66542"),
    ),
)
