"""The items that a request to DynamoDB names, and answers that refuse it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import dynamodb

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[dict[str, Any]], Answer]
# Account, region, table, partition key and sort key.
ItemName = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Named:
    """An item that a request names. It may not exist."""

    table: Mapping[str, Any]
    key: Mapping[str, Any]  # or all attributes of an item that is put

    @property
    def name(self) -> ItemName:
        return get_account_id(), get_region(), self.table["TableName"], self.partition, self._value("sk_name")

    @property
    def partition(self) -> str:
        return self._value("pk_name")

    def read(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = dynamodb._get_item_by_key(self.table, self.key)
        return found

    def _value(self, end: str) -> str:
        return str(dynamodb._extract_key_val(self.key.get(self.table[end])))


def find_item(operation: Any) -> Named | None:
    """The item that an operation or a single request is for, or None if the emulator refuses it anyway."""
    if not isinstance(operation, Mapping):
        return None
    table = find_table(operation.get("TableName"))
    key = operation.get("Item", operation.get("Key"))
    return Named(table, key) if table and isinstance(key, Mapping) else None


def find_table(name: Any) -> Any:
    """The table with this name or ARN, or None."""
    return dynamodb._tables.get(dynamodb._normalize_table_name(name))


def items_of(request: Mapping[str, Any]) -> list[Named | None]:
    """The item of each operation of a transaction."""
    operations = request.get("TransactItems")
    if not isinstance(operations, list):
        return []
    return [find_item(next(iter(each.values()), None)) if isinstance(each, Mapping) else None for each in operations]


def cancel(reasons: Iterable[Mapping[str, Any] | None]) -> Answer:
    """The answer to a transaction, with the reason of each item. None is an item that did not cancel it."""
    listed: Sequence[Mapping[str, Any]] = [reason or {"Code": "None"} for reason in reasons]
    codes = ", ".join(reason["Code"] for reason in listed)
    body = {
        "__type": "TransactionCanceledException",
        "message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        "CancellationReasons": listed,
    }
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-errortype": "TransactionCanceledException"}
    return 400, headers, json.dumps(body).encode()
