"""Fixtures that make moto behave as AWS where tests need it, and save time where moto wastes it."""

import threading
from collections.abc import Iterator
from copy import copy, deepcopy
from typing import Any

import pytest
from joserfc import jwk
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler


@pytest.fixture(scope="session", autouse=True)
def one_call_at_a_time() -> Iterator[None]:
    """DynamoDB isolates its calls from each other. moto does not, and several threads call it here."""
    answer, lock = DynamoHandler.call_action, threading.RLock()

    def answer_alone(handler: DynamoHandler) -> Any:
        with lock:
            return answer(handler)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DynamoHandler, "call_action", answer_alone)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_signing_key() -> Iterator[None]:
    """moto signs all tokens with one key. It reads the key again for each user pool, which takes 80 ms."""
    read, keys = jwk.RSAKey.import_key, {}

    def read_once(value: dict[str, Any]) -> Any:
        if value["n"] not in keys:
            keys[value["n"]] = read(value)
        return keys[value["n"]]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jwk.RSAKey, "import_key", read_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def fast_attributes() -> Iterator[None]:
    """moto searches each attribute of an item under dozens of names, because a value could have any of eleven types.

    Its attributes name their type, so only that one is serialized. This saves a third of the time of these tests.
    """
    serialize = ResponseSerializer._serialize_type_structure

    def serialize_type(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name != "AttributeValue" or type(value) is not dict:
            serialize(serializer, serialized, value, shape, key)
            return
        attribute: dict[str, Any] = {}
        for name, member in value.items():
            serializer._serialize(attribute, member, shape.members[name], name)
        serializer._default_serialize(serialized, attribute, shape, key)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ResponseSerializer, "_serialize_type_structure", serialize_type)
        yield


@pytest.fixture(scope="session", autouse=True)
def snapshots_share_items() -> Iterator[None]:
    """moto copies the whole table for each item of a transaction, to restore it if the transaction fails.

    A table takes these copies of itself without its items, which an update replaces instead of changing them. The
    copies took almost half of the time of these tests.
    """
    update = DynamoDBBackend.update_item

    def copy_table(table: Table, _: dict[int, Any]) -> Table:
        copied = copy(table)
        copied.items = copy(table.items)
        for partition, rows in table.items.items():
            if isinstance(rows, dict):
                copied.items[partition] = dict(rows)
        if table.stream_shard is not None:
            copied.stream_shard = copy(table.stream_shard)
            copied.stream_shard.table, copied.stream_shard.items = copied, list(table.stream_shard.items)
        return copied

    def update_copy(backend: DynamoDBBackend, table_name: str, key: Any, *rest: Any, **options: Any) -> Any:
        table = backend.get_table(table_name)
        values = [DynamoType(key[name]) for name in (table.hash_key_attr, table.range_key_attr) if name in key]
        rows = table.items
        for value in values[:-1]:
            rows = rows.get(value, {})
        if values and values[-1] in rows:
            rows[values[-1]] = deepcopy(rows[values[-1]])
        return update(backend, table_name, key, *rest, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Table, "__deepcopy__", copy_table, raising=False)
        patched.setattr(DynamoDBBackend, "update_item", update_copy)
        yield
