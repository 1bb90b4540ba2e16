"""Webhooks and the log of their deliveries in their own table, and messages to deliver in a queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from craftspark.aws.idempotency import check_effect
from craftspark.aws.items import epoch, live, moment, number, text, timestamp, to_plain_values
from craftspark.aws.orchestration.intake import message_group
from craftspark.aws.transactions import ConditionsFailed, transact_for_maker
from craftspark.clock import utc_now
from craftspark.errors import AccountContended, WebhookNotFound
from craftspark.jobs.idempotency import Write
from craftspark.notifications.webhooks import (
    ATTEMPT_LASTS,
    CHANGED,
    Attempted,
    AttemptInProgress,
    Delivery,
    Message,
    Webhook,
    WebhooksChanged,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

LOG_KEPT = timedelta(days=30)
MAX_DELAY_S = 900  # of a message in SQS


@dataclass(frozen=True, kw_only=True)
class WebhookTable:
    """A maker's partition holds `webhook#<id>` and `delivery#<id>#<due>#<message>#<attempt>`.

    The item `registered` holds hashes of the webhooks' URLs. Its condition limits their number and prevents duplicate
    URLs, also for concurrent registrations.
    """

    client: DynamoDBClient
    table: str

    def of(self, maker: str) -> list[Webhook]:
        return [read_webhook(item) for item in self._query(maker, "webhook#", limit=100, newest=False, now=True)]

    def get(self, maker: str, webhook_id: str) -> Webhook:
        """Raises WebhookNotFound."""
        response = self.client.get_item(TableName=self.table, Key=key(maker, webhook_id), ConsistentRead=True)
        if "Item" not in response:
            raise not_found(webhook_id)
        return read_webhook(response["Item"])

    def put(self, webhook: Webhook, also: Sequence[Write] = (), *, max_webhooks: int) -> None:
        new = {
            "TableName": self.table,
            "Item": webhook_item(webhook),
            "ConditionExpression": "attribute_not_exists(maker)",
        }
        enter = {
            "TableName": self.table,
            "Key": registered_key(webhook.maker),
            "UpdateExpression": "ADD urls :url",
            "ConditionExpression": "attribute_not_exists(urls) OR (size(urls) < :max AND NOT contains(urls, :digest))",
            "ExpressionAttributeValues": {
                ":url": {"SS": [digest(webhook.url)]},
                ":digest": text(digest(webhook.url)),
                ":max": number(max_webhooks),
            },
        }
        try:
            self._write([{"Update": enter}, {"Put": new}, *also])
        except ConditionsFailed as failed:
            check_effect(failed)
            raise WebhooksChanged("the webhooks changed") from None

    def replace(self, webhook: Webhook, also: Sequence[Write] = (), *, secret: str) -> None:
        put = {
            "TableName": self.table,
            "Item": webhook_item(webhook),
            "ConditionExpression": "#secret = :secret",
            "ExpressionAttributeNames": {"#secret": "secret"},
            "ExpressionAttributeValues": {":secret": text(secret)},
        }
        try:
            self._write([{"Put": put}, *also])
        except ConditionsFailed as failed:
            check_effect(failed)
            self.get(webhook.maker, webhook.webhook_id)
            raise AccountContended(CHANGED) from None

    def drop(self, maker: str, webhook_id: str) -> None:
        """Delete a webhook. Raises WebhookNotFound or AccountContended."""
        url = self.get(maker, webhook_id).url
        gone = {
            "TableName": self.table,
            "Key": key(maker, webhook_id),
            "ConditionExpression": "attribute_exists(maker)",
        }
        leave = {
            "TableName": self.table,
            "Key": registered_key(maker),
            "UpdateExpression": "DELETE urls :url",
            "ExpressionAttributeValues": {":url": {"SS": [digest(url)]}},
        }
        try:
            self._write([{"Delete": gone}, {"Update": leave}])
        except ConditionsFailed:
            raise not_found(webhook_id) from None

    def _write(self, writes: Sequence[Write]) -> None:
        """Raises ConditionsFailed or AccountContended."""
        transact_for_maker(self.client, writes, CHANGED)

    def start(self, message: Message, now: datetime) -> Attempted | None:
        """Start the message's delivery attempt, which only one copy of the message may make.

        Returns the attempt if it was made before. Raises AttemptInProgress.
        """
        mine, stale = uuid4().hex, now - ATTEMPT_LASTS
        free = "attribute_not_exists(maker) OR (attribute_not_exists(#at) AND started_at < :stale)"
        try:
            self.client.put_item(
                TableName=self.table,
                Item={
                    **try_key(message),
                    "started_at": text(timestamp(now)),
                    "started_by": text(mine),
                    "expires_at": epoch(now + LOG_KEPT),
                },
                ConditionExpression=free,
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":stale": text(timestamp(stale))},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            there = self.client.get_item(TableName=self.table, Key=try_key(message), ConsistentRead=True).get(
                "Item", {}
            )
            if "at" in there:
                return Attempted(delivery=read_delivery(message.webhook_id, there), followed="followed" in there)
            # The client repeats a request without an answer, so the refused one may follow one that was carried out.
            if there.get("started_by") != text(mine):
                raise AttemptInProgress(f"attempt {message.attempt} of {message.message_id} is in progress") from None
        return None

    def log(self, message: Message, delivery: Delivery, *, followed: bool = False) -> None:
        """Record the result of a delivery attempt, and whether what follows is sent."""
        self.client.put_item(
            TableName=self.table,
            Item={
                **try_key(message),
                "message_id": text(delivery.message_id),
                "attempt": number(delivery.attempt),
                "at": text(timestamp(delivery.at)),
                "expires_at": epoch(delivery.at + LOG_KEPT),
                **({"status": number(delivery.status)} if delivery.status is not None else {}),
                **({"error": text(delivery.error)} if delivery.error else {}),
                **({"followed": {"BOOL": True}} if followed else {}),
            },
        )

    def deliveries(self, maker: str, webhook_id: str, limit: int) -> list[Delivery]:
        """The delivery attempts, newest first. Raises WebhookNotFound."""
        self.get(maker, webhook_id)
        items, now = self._query(maker, f"delivery#{webhook_id}#", limit=limit, newest=True), utc_now()
        return [read_delivery(webhook_id, item) for item in items if "at" in item and live(item, now)]

    def _query(self, maker: str, prefix: str, *, limit: int, newest: bool, now: bool = False) -> list[Any]:
        """Items whose sort key starts with the prefix. `now` makes the read consistent."""
        response = self.client.query(
            TableName=self.table,
            KeyConditionExpression="maker = :maker AND begins_with(#item, :prefix)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues={":maker": text(maker), ":prefix": text(prefix)},
            ScanIndexForward=not newest,
            ConsistentRead=now,
            Limit=limit,
        )
        return response["Items"]


@dataclass(frozen=True, kw_only=True)
class DeliveryQueue:
    """The queue of messages to webhooks. The maker is the message group, so many messages of one maker do not delay
    others.

    A message that is due later is sent with a delay, and the limit on messages in flight does not count it. SQS delays
    a message for at most 15 minutes, so a consumer that receives a message too early sends it again.
    """

    client: SQSClient
    url: str

    def send(self, message: Message, now: datetime, *, after: timedelta = timedelta(0)) -> None:
        """Send a message that is received when it is due, and not before `after` from now."""
        wait_s = ceil(max(message.due - now, after).total_seconds())
        self.client.send_message(
            QueueUrl=self.url,
            MessageBody=message.to_text(),
            MessageGroupId=message_group(message.maker),
            DelaySeconds=min(MAX_DELAY_S, max(0, wait_s)),
        )


def try_key(message: Message) -> Any:
    """The log key of a delivery attempt: the same for every copy of the message, and sorted by due time."""
    due, attempt = timestamp(message.due), message.attempt
    item = f"delivery#{message.webhook_id}#{due}#{message.message_id}#{attempt}"
    return {"maker": text(message.maker), "item": text(item)}


def key(maker: str, webhook_id: str) -> Any:
    return {"maker": text(maker), "item": text(f"webhook#{webhook_id}")}


def registered_key(maker: str) -> Any:
    return {"maker": text(maker), "item": text("registered")}


def digest(url: str) -> str:
    return sha256(url.encode()).hexdigest()


def not_found(webhook_id: str) -> WebhookNotFound:
    return WebhookNotFound(f"you have no webhook {webhook_id}", field="webhook_id")


def webhook_item(webhook: Webhook) -> Any:
    old = {"old_secret": text(webhook.old_secret)} if webhook.old_secret else {}
    until = {"old_until": text(timestamp(webhook.old_until))} if webhook.old_until else {}
    return {
        **key(webhook.maker, webhook.webhook_id),
        "url": text(webhook.url),
        "secret": text(webhook.secret),
        "created_at": text(timestamp(webhook.created_at)),
        **old,
        **until,
    }


def read_webhook(item: Mapping[str, Any]) -> Webhook:
    plain = to_plain_values(item)
    return Webhook(
        maker=plain["maker"],
        webhook_id=plain["item"].removeprefix("webhook#"),
        url=plain["url"],
        secret=plain["secret"],
        created_at=datetime.fromisoformat(plain["created_at"]),
        old_secret=plain.get("old_secret"),
        old_until=moment(plain.get("old_until")),
    )


def read_delivery(webhook_id: str, item: Mapping[str, Any]) -> Delivery:
    return Delivery(
        webhook_id=webhook_id,
        message_id=item["message_id"]["S"],
        attempt=int(item["attempt"]["N"]),
        at=datetime.fromisoformat(item["at"]["S"]),
        status=int(item["status"]["N"]) if "status" in item else None,
        error=item["error"]["S"] if "error" in item else None,
    )
