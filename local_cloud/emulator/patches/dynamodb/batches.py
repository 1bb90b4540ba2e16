"""A batch may do a part of its work, and names what it left.

Gap: the emulator carries out every batch completely. On AWS, the items of a batch whose partition has taken its units
are returned as `UnprocessedItems` or `UnprocessedKeys`, and so are keys that would make a response larger than 16 MB. A
batch of which nothing can be done is refused. The fault `throttle` leaves a share of the items.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ministack.services import dynamodb

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patches.dynamodb.throughput import charge_read
from local_cloud.emulator.patching import Extension, Patch
from local_cloud.emulator.tables.item_requests import Answer, Handler, Named, find_item
from local_cloud.emulator.tables.throughput import (
    Kind,
    Range,
    Throttle,
    charge_write,
    find_throttle,
    refuse,
    throttle_of,
    written_ranges,
)

MAX_RESPONSE_BYTES = 16 * 1024 * 1024


def extend_batch_write(write: Handler) -> Handler:
    def write_what_fits(data: dict[str, Any]) -> Answer:
        asked = data.get("RequestItems")
        if not isinstance(asked, Mapping):
            return write(data)
        done: dict[str, list[Any]] = {}
        left: dict[str, list[Any]] = {}
        written: list[tuple[Named, Any]] = []
        throttle = None
        for table, request in _each(asked, lambda requests: requests):
            item = find_item({"TableName": table, **_operation(request)})
            found = _find_throttle("Write", "BatchWriteItem", written_ranges(item)) if item else None
            throttle = throttle or found
            (left if found else done).setdefault(table, []).append(request)
            if item and not found:
                written.append((item, item.read()))
        if throttle and not done:
            return refuse(throttle)
        answer = write({**data, "RequestItems": done or asked})
        if answer[0] != 200:
            return answer
        for item, old in written:
            charge_write(item, old)
        return _add(answer, "UnprocessedItems", left)

    return write_what_fits


def extend_batch_get(get: Handler) -> Handler:
    def get_what_fits(data: dict[str, Any]) -> Answer:
        asked = data.get("RequestItems")
        if not isinstance(asked, Mapping):
            return get(data)
        done: dict[str, list[Any]] = {}
        left: dict[str, list[Any]] = {}
        throttle: Throttle | None = None
        room = MAX_RESPONSE_BYTES
        for table, key in _each(asked, lambda config: config.get("Keys") if isinstance(config, Mapping) else None):
            item = find_item({"TableName": table, "Key": key})
            found = _find_throttle("Read", "BatchGetItem", [Range(item.table, item.partition)]) if item else None
            throttle = throttle or found
            room -= dynamodb._item_size_bytes(item.read() or {}) if item and not found else 0
            (left if found or room < 0 else done).setdefault(table, []).append(key)
            if item and not found and room >= 0:
                charge_read(item, consistent=bool(asked[table].get("ConsistentRead")))
        if throttle and not done:
            return refuse(throttle)
        answer = get({**data, "RequestItems": _with_keys(asked, done) or asked})
        return _add(answer, "UnprocessedKeys", _with_keys(asked, left)) if answer[0] == 200 else answer

    return get_what_fits


def _find_throttle(kind: Kind, action: str, ranges: Sequence[Range]) -> Throttle | None:
    """Why a member of a batch is left. The first range is of the table itself."""
    if FAULTS.strikes("throttle", f"dynamodb:{action}", str(ranges[0].table["TableName"])):
        return throttle_of(kind, ranges[0])
    return find_throttle(kind, ranges)


def _each(asked: Mapping[str, Any], members: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
    for table, entry in asked.items():
        found = members(entry)
        for member in found if isinstance(found, list) else ():
            yield table, member


def _operation(request: Any) -> Mapping[str, Any]:
    """What a request of a batch puts or deletes."""
    operation = next(iter(request.values()), None) if isinstance(request, Mapping) else None
    return operation if isinstance(operation, Mapping) else {}


def _with_keys(asked: Mapping[str, Any], keys: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {table: {**asked[table], "Keys": keys[table]} for table in asked if table in keys}


def _add(answer: Answer, field: str, left: Mapping[str, Any]) -> Answer:
    """The answer, which also names what is left."""
    if not left:
        return answer
    status, headers, body = answer
    response = json.loads(body)
    response[field] = {**response.get(field, {}), **left}
    return status, headers, json.dumps(response).encode()


PATCH = Patch(
    name="batches",
    gap="a batch is always carried out completely",
    targets=(
        Extension(dynamodb, "_batch_write_item", "7c31fe8286aeea2e0e9d3ea4a5ece834", extend_batch_write),
        Extension(dynamodb, "_batch_get_item", "d6d516ae8785bf7ca1e6b53534dce0d1", extend_batch_get),
    ),
)
