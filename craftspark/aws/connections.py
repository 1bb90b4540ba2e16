"""Tickets and connections in a table of their own, and messages to connections.

A ticket is the item "ticket" of owner `ticket#<hash>`. A connection is the item `connection#<id>` of its maker, and the
item "maker" of owner `connection#<id>`, by which its end finds it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import epoch, live, text
from craftspark.live import Message
from craftspark.submissions import utc_now

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class ConnectionTable:
    """See craftspark.live.Connections."""

    client: DynamoDBClient
    table: str

    def add_ticket(self, digest: str, maker: str, expires_at: datetime) -> None:
        item = {**key(f"ticket#{digest}", "ticket"), "maker": text(maker), "expires_at": epoch(expires_at)}
        self.client.put_item(TableName=self.table, Item=item)

    def take_ticket(self, digest: str, now: datetime) -> str | None:
        answer = self.client.delete_item(
            TableName=self.table, Key=key(f"ticket#{digest}", "ticket"), ReturnValues="ALL_OLD"
        )
        item = answer.get("Attributes")
        return item["maker"]["S"] if item is not None and live(item, now) else None

    def add(self, connection: str, maker: str, expires_at: datetime) -> None:
        ends = {"expires_at": epoch(expires_at)}
        there = {**key(maker, f"connection#{connection}"), **ends}
        back = {**key(f"connection#{connection}", "maker"), "maker": text(maker), **ends}
        for item in (back, there):
            self.client.put_item(TableName=self.table, Item=item)

    def drop(self, connection: str) -> None:
        answer = self.client.delete_item(
            TableName=self.table, Key=key(f"connection#{connection}", "maker"), ReturnValues="ALL_OLD"
        )
        if item := answer.get("Attributes"):
            self.client.delete_item(TableName=self.table, Key=key(item["maker"]["S"], f"connection#{connection}"))

    def of(self, maker: str, now: datetime) -> Iterator[str]:
        """The maker's connections."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="#owner = :maker AND begins_with(#item, :connection)",
            ExpressionAttributeNames={"#owner": "owner", "#item": "item"},
            ExpressionAttributeValues={":maker": text(maker), ":connection": text("connection#")},
        )
        for page in pages:
            yield from (item["item"]["S"].removeprefix("connection#") for item in page["Items"] if live(item, now))


@dataclass(frozen=True, kw_only=True)
class Pushes:
    """Sends messages to all connections of a maker; one that is gone is forgotten."""

    client: ApiGatewayManagementApiClient
    table: ConnectionTable

    def send(self, maker: str, message: Message) -> int:
        """How many connections it went to."""
        sent = 0
        for connection in self.table.of(maker, utc_now()):
            try:
                self.client.post_to_connection(ConnectionId=connection, Data=json.dumps(message).encode())
                sent += 1
            except self.client.exceptions.GoneException:
                self.table.drop(connection)
        return sent


def key(owner: str, item: str) -> Any:
    return {"owner": text(owner), "item": text(item)}
