"""Webhooks and the log of their deliveries, in a table of their own; messages to be delivered, in a queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import epoch, live, moment, number, text, timestamp
from craftspark.errors import WebhookNotFound
from craftspark.submissions import utc_now
from craftspark.webhooks import Delivery, Webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

LOG_KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class WebhookTable:
    """A maker's partition holds `webhook#<id>` and `delivery#<id>#<moment>#<attempt>`."""

    client: DynamoDBClient
    table: str

    def of(self, maker: str) -> list[Webhook]:
        return [read_webhook(item) for item in self._query(maker, "webhook#", limit=100, newest=False)]

    def get(self, maker: str, webhook_id: str) -> Webhook:
        """Raises WebhookNotFound."""
        answer = self.client.get_item(TableName=self.table, Key=key(maker, webhook_id), ConsistentRead=True)
        if "Item" not in answer:
            raise WebhookNotFound(f"you have no webhook {webhook_id}", field="webhook_id")
        return read_webhook(answer["Item"])

    def put(self, webhook: Webhook) -> None:
        old = {"old_secret": text(webhook.old_secret)} if webhook.old_secret else {}
        until = {"old_until": text(timestamp(webhook.old_until))} if webhook.old_until else {}
        self.client.put_item(
            TableName=self.table,
            Item={
                **key(webhook.maker, webhook.webhook_id),
                "url": text(webhook.url),
                "secret": text(webhook.secret),
                "created_at": text(timestamp(webhook.created_at)),
                **old,
                **until,
            },
        )

    def drop(self, maker: str, webhook_id: str) -> None:
        """Raises WebhookNotFound."""
        self.get(maker, webhook_id)
        self.client.delete_item(TableName=self.table, Key=key(maker, webhook_id))

    def log(self, maker: str, delivery: Delivery) -> None:
        item = f"delivery#{delivery.webhook_id}#{timestamp(delivery.at)}#{delivery.attempt}"
        self.client.put_item(
            TableName=self.table,
            Item={
                "maker": text(maker),
                "item": text(item),
                "message_id": text(delivery.message_id),
                "attempt": number(delivery.attempt),
                "at": text(timestamp(delivery.at)),
                "expires_at": epoch(delivery.at + LOG_KEPT),
                **({"status": number(delivery.status)} if delivery.status is not None else {}),
                **({"error": text(delivery.error)} if delivery.error else {}),
            },
        )

    def deliveries(self, maker: str, webhook_id: str, limit: int) -> list[Delivery]:
        """The newest first; raises WebhookNotFound."""
        self.get(maker, webhook_id)
        items, now = self._query(maker, f"delivery#{webhook_id}#", limit=limit, newest=True), utc_now()
        return [
            Delivery(
                webhook_id=webhook_id,
                message_id=item["message_id"]["S"],
                attempt=int(item["attempt"]["N"]),
                at=datetime.fromisoformat(item["at"]["S"]),
                status=int(item["status"]["N"]) if "status" in item else None,
                error=item["error"]["S"] if "error" in item else None,
            )
            for item in items
            if live(item, now)
        ]

    def _query(self, maker: str, prefix: str, *, limit: int, newest: bool) -> list[Any]:
        answer = self.client.query(
            TableName=self.table,
            KeyConditionExpression="maker = :maker AND begins_with(#item, :prefix)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues={":maker": text(maker), ":prefix": text(prefix)},
            ScanIndexForward=not newest,
            Limit=limit,
        )
        return answer["Items"]


@dataclass(frozen=True, kw_only=True)
class DeliveryQueue:
    """Messages on their way to one webhook each."""

    client: SQSClient
    url: str

    def send(self, webhook: Webhook, message_id: str, body: bytes) -> None:
        message = {
            "maker": webhook.maker,
            "webhook_id": webhook.webhook_id,
            "message_id": message_id,
            "body": body.decode(),
        }
        self.client.send_message(QueueUrl=self.url, MessageBody=json.dumps(message))

    def wait(self, receipt: str, seconds: int) -> None:
        """Bring a message back later."""
        self.client.change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=seconds)


def key(maker: str, webhook_id: str) -> Any:
    return {"maker": text(maker), "item": text(f"webhook#{webhook_id}")}


def read_webhook(item: Mapping[str, Any]) -> Webhook:
    plain = {name: next(iter(value.values())) for name, value in item.items()}
    return Webhook(
        maker=plain["maker"],
        webhook_id=plain["item"].removeprefix("webhook#"),
        url=plain["url"],
        secret=plain["secret"],
        created_at=datetime.fromisoformat(plain["created_at"]),
        old_secret=plain.get("old_secret"),
        old_until=moment(plain.get("old_until")),
    )
