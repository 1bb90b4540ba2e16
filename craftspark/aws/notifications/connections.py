"""WebSocket tickets and connections in their own table, and messages to connections.

A ticket is the item "ticket" of owner `ticket#<hash>`. A connection is the item `connection#<id>` of its maker, and the
item "maker" of owner `connection#<id>`, which the disconnect handler reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import epoch, live, text, timestamp
from craftspark.clock import utc_now
from craftspark.notifications.live import MAX_CONNECTION, Connection, Update

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient

# Pauses in seconds between attempts to reach a connection whose handshake may not be complete.
PAUSES_S = (0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, kw_only=True)
class ConnectionTable:
    """See craftspark.notifications.live.Connections."""

    client: DynamoDBClient
    table: str

    def add_ticket(self, digest: str, maker: str, expires_at: datetime) -> None:
        item = {**key(f"ticket#{digest}", "ticket"), "maker": text(maker), "expires_at": epoch(expires_at)}
        self.client.put_item(TableName=self.table, Item=item)

    def take_ticket(self, digest: str, now: datetime) -> str | None:
        response = self.client.delete_item(
            TableName=self.table, Key=key(f"ticket#{digest}", "ticket"), ReturnValues="ALL_OLD"
        )
        item = response.get("Attributes")
        return item["maker"]["S"] if item is not None and live(item, now) else None

    def add(self, connection: str, maker: str, connected_at: datetime) -> None:
        ends = {"expires_at": epoch(connected_at + MAX_CONNECTION)}
        there = {**key(maker, f"connection#{connection}"), "connected_at": text(timestamp(connected_at)), **ends}
        back = {**key(f"connection#{connection}", "maker"), "maker": text(maker), **ends}
        for item in (back, there):
            self.client.put_item(TableName=self.table, Item=item)

    def drop(self, connection: str) -> None:
        response = self.client.delete_item(
            TableName=self.table, Key=key(f"connection#{connection}", "maker"), ReturnValues="ALL_OLD"
        )
        if item := response.get("Attributes"):
            self.client.delete_item(TableName=self.table, Key=key(item["maker"]["S"], f"connection#{connection}"))

    def of(self, maker: str, now: datetime) -> Iterator[Connection]:
        """The maker's connections."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="#owner = :maker AND begins_with(#item, :connection)",
            ExpressionAttributeNames={"#owner": "owner", "#item": "item"},
            ExpressionAttributeValues={":maker": text(maker), ":connection": text("connection#")},
        )
        for page in pages:
            yield from (read_connection(item) for item in page["Items"] if live(item, now))


@dataclass(frozen=True, kw_only=True)
class ConnectionSender:
    """Sends messages to connections."""

    client: ApiGatewayManagementApiClient
    table: ConnectionTable
    now: Callable[[], datetime] = utc_now
    pause: Callable[[float], None] = time.sleep

    def send(self, connection: Connection, updates: Sequence[Update]) -> int:
        """Send the updates in order until one fails; returns the number that were sent.

        A connection that is gone is deleted, unless its handshake may still be in progress. In that case the update is
        sent again after short pauses, and the connection is kept even if all attempts fail.
        """
        pauses = iter(PAUSES_S)
        for sent, update in enumerate(updates):
            while not self._post(connection, update):
                if not connection.is_young(self.now()):
                    self.table.drop(connection.connection_id)
                    return sent
                wait_s = next(pauses, None)
                if wait_s is None:
                    return sent
                self.pause(wait_s)
        return len(updates)

    def _post(self, connection: Connection, update: Update) -> bool:
        """Send one update; returns False if API Gateway does not know the connection."""
        try:
            self.client.post_to_connection(ConnectionId=connection.connection_id, Data=update.to_text().encode())
        except self.client.exceptions.GoneException:
            return False
        return True


def key(owner: str, item: str) -> Any:
    return {"owner": text(owner), "item": text(item)}


def read_connection(item: Mapping[str, Any]) -> Connection:
    return Connection(
        connection_id=item["item"]["S"].removeprefix("connection#"),
        connected_at=datetime.fromisoformat(item["connected_at"]["S"]),
    )
