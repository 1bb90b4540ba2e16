"""Live updates: which connection receives which messages, and how the faults of one connection affect others."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.notifications.connections import PAUSES_S, ConnectionSender, ConnectionTable
from craftspark.notifications.live import HANDSHAKE, Connection, DeletionUpdate
from craftspark.settings.notifications import PushSettings
from lambdas.push_updates import handler as push
from lambdas.wiring import live
from tests.aws.api import Context
from tests.aws.conftest import attribute, client_of, key
from tests.fakes import NOON

CONNECTIONS = "connections"
UPDATE = DeletionUpdate(job_id="j")


class Gone(Exception):
    """The error of boto3 for status 410."""


class Exceptions:
    GoneException = Gone


@dataclass
class Gateway:
    """API Gateway. A connection exists, or fails with its listed errors."""

    faults: dict[str, list[Exception]] = field(default_factory=dict)
    sent: list[tuple[str, Any]] = field(default_factory=list)
    exceptions: Any = Exceptions

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - boto3's names
        if faults := self.faults.get(ConnectionId):
            raise faults.pop(0)
        self.sent.append((ConnectionId, json.loads(Data)))


@pytest.fixture
def table(aws: None) -> ConnectionTable:
    client_of("dynamodb").create_table(
        TableName=CONNECTIONS,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=key("owner", "item"),
        AttributeDefinitions=[attribute("owner"), attribute("item")],
    )
    return ConnectionTable(client=clients.dynamodb(), table=CONNECTIONS)


def open_ids(table: ConnectionTable, maker: str = "maker-1") -> list[str]:
    return [connection.connection_id for connection in table.of(maker, NOON)]


def connected(table: ConnectionTable, name: str = "c", *, ago: timedelta = timedelta(0)) -> Connection:
    table.add(name, "maker-1", NOON - ago)
    return Connection(connection_id=name, connected_at=NOON - ago)


def pushes(table: ConnectionTable, gateway: Gateway, waits: list[float]) -> ConnectionSender:
    return ConnectionSender(client=gateway, table=table, now=lambda: NOON, pause=waits.append)  # type: ignore[arg-type]


@pytest.mark.parametrize("refusals", range(len(PAUSES_S) + 1))
def test_a_connection_during_its_handshake_is_retried(table: ConnectionTable, refusals: int) -> None:
    gateway, waits = Gateway({"c": [Gone()] * refusals}), []  # type: ignore[var-annotated]
    young = connected(table, ago=HANDSHAKE - timedelta(milliseconds=1))

    assert pushes(table, gateway, waits).send(young, [UPDATE, UPDATE]) == 2

    assert [message for _, message in gateway.sent] == [{"type": "job.deleted", "job_id": "j"}] * 2
    assert waits == list(PAUSES_S[:refusals])


def test_a_new_connection_that_stays_unknown_is_kept_after_a_bounded_wait(table: ConnectionTable) -> None:
    gateway, waits = Gateway({"c": [Gone()] * 1000}), []  # type: ignore[var-annotated]

    assert pushes(table, gateway, waits).send(connected(table), [UPDATE] * 100) == 0

    assert waits == list(PAUSES_S)
    assert open_ids(table) == ["c"]
    assert pushes(table, Gateway(), waits).send(connected(table), [UPDATE]) == 1


def test_an_old_connection_that_is_gone_is_deleted_immediately(table: ConnectionTable) -> None:
    gateway, waits = Gateway({"c": [Gone()] * 1000}), []  # type: ignore[var-annotated]

    assert pushes(table, gateway, waits).send(connected(table, ago=HANDSHAKE), [UPDATE] * 3) == 0

    assert (open_ids(table), waits) == ([], [])


@pytest.fixture
def gateway(table: ConnectionTable, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    settings = PushSettings(connections_table=CONNECTIONS, images_bucket="images", url_lifetime_s=60)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    gateway = Gateway()
    caches = (live.table, push.links)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setattr(push, "sender", lambda: pushes(table, gateway, []))
    monkeypatch.setattr(push, "utc_now", lambda: NOON)
    yield gateway
    for cached in caches:
        cached.cache_clear()


def record(number: int, maker: str = "maker-1", **changes: Any) -> dict[str, Any]:
    """The stream record of a batch's progress."""
    new = {
        "maker": {"S": maker},
        "job_id": {"S": f"job-of-{maker}"},
        "item": {"S": "batch#0"},
        "percent": {"N": str(number)},
        **changes,
    }
    return {"dynamodb": {"NewImage": new, "SequenceNumber": str(number)}}


def test_other_connections_are_notified_of_a_deleted_job(table: ConnectionTable, gateway: Gateway) -> None:
    connected(table)
    job = {"maker": {"S": "maker-1"}, "job_id": {"S": "j"}, "item": {"S": "job"}, "state": {"S": "succeeded"}}
    deleted = {**job, "deleted_at": {"S": "2030-01-01T00:00:00.000Z"}}
    changes = [
        {"NewImage": deleted, "OldImage": job},
        {"NewImage": deleted, "OldImage": deleted},
        {"OldImage": deleted},
    ]

    push.handler({"Records": [{"dynamodb": {**change, "SequenceNumber": "1"}} for change in changes]}, Context())

    assert gateway.sent == [("c", {"type": "job.deleted", "job_id": "j"})]


def told(gateway: Gateway, connection: str) -> list[int]:
    return [message["percent"] for each, message in gateway.sent if each == connection]


def test_every_connection_gets_the_updates_of_its_maker_in_order(table: ConnectionTable, gateway: Gateway) -> None:
    connected(table, "one")
    connected(table, "two")
    table.add("theirs", "maker-2", NOON)

    push.handler({"Records": [record(1), record(2, "maker-2"), record(3)]}, Context())

    assert (told(gateway, "one"), told(gateway, "two"), told(gateway, "theirs")) == ([1, 3], [1, 3], [2])


@pytest.mark.parametrize("fault", [RuntimeError("500"), TimeoutError("hangs"), Gone()])
def test_a_failing_connection_does_not_affect_the_others(
    table: ConnectionTable, gateway: Gateway, fault: Exception
) -> None:
    for name in ("a", "b", "c"):
        connected(table, name, ago=timedelta(minutes=1))
    table.add("theirs", "maker-2", NOON)
    gateway.faults["a"] = [fault]

    push.handler({"Records": [record(1), record(2, "maker-2"), record(3)]}, Context())

    assert (told(gateway, "b"), told(gateway, "c"), told(gateway, "theirs")) == ([1, 3], [1, 3], [2])


def test_a_maker_with_too_many_connections_gets_updates_on_the_newest(table: ConnectionTable, gateway: Gateway) -> None:
    for number in range(push.MAX_CONNECTIONS + 5):
        connected(table, f"c{number}", ago=timedelta(seconds=number))

    push.handler({"Records": [record(1)]}, Context())

    assert sorted(name for name, _ in gateway.sent) == sorted(f"c{number}" for number in range(push.MAX_CONNECTIONS))


def test_an_invalid_record_fails_its_batch_before_anything_is_sent(table: ConnectionTable, gateway: Gateway) -> None:
    connected(table)
    records = [record(1), record(2, percent={"S": "many"}), record(3)]

    with pytest.raises(KeyError):
        push.handler({"Records": records}, Context())
    assert gateway.sent == []
    for half in (records[:1], records[2:]):
        push.handler({"Records": half}, Context())

    assert told(gateway, "c") == [1, 3]


def test_no_update_is_sent_twice_when_the_table_fails(
    table: ConnectionTable, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(table)
    broken = ConnectionTable(client=clients.dynamodb(), table="gone")
    monkeypatch.setattr(push, "table", lambda: broken)

    with pytest.raises(clients.dynamodb().exceptions.ResourceNotFoundException):
        push.handler({"Records": [record(1)]}, Context())

    assert gateway.sent == []
