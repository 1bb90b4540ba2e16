"""Deliveries of messages to endpoints that answer as a test says."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from craftspark.notifications.webhooks import Message
from craftspark.settings.notifications import DeliverySettings
from lambdas.deliver_webhook import handler as deliver
from lambdas.fan_out_webhooks import handler as fan_out
from lambdas.wiring.pinned_https import Deadline
from tests.aws.api import Context, call
from tests.aws.conftest import client_of
from tests.aws.webhooks.conftest import NOW

EVENT = {"job_id": "a" * 26, "tool": "picture", "state": "succeeded", "delivered": 2, "requested": 2}


def settle(maker: str = "maker-1", at: str = "2030-01-01T00:00:00Z") -> None:
    fan_out.handler({"detail": {**EVENT, "maker": maker}, "time": at}, Context())


def messages(url: str) -> list[dict[str, Any]]:
    """The waiting messages of a queue, without their delay, in the format that Lambda receives."""
    found: list[Any] = (
        client_of("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
        .get("Messages", [])
    )
    return [
        {
            "messageId": each["MessageId"],
            "receiptHandle": each["ReceiptHandle"],
            "body": each["Body"],
            "attributes": each["Attributes"],
            "eventSource": "aws:sqs",
        }
        for each in found
    ]


def answers(monkeypatch: pytest.MonkeyPatch, answer: Any) -> list[Any]:
    """Make the endpoint return this status or raise this error. Returns the posted messages."""
    posted: list[Any] = []

    def post(url: str, addresses: list[str], headers: dict[str, str], body: bytes, deadline: Deadline) -> int:
        posted.append((url, addresses, headers, body))
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    monkeypatch.setattr(deliver, "post", post)
    return posted


def run(settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch, answer: Any) -> tuple[Any, list[Any]]:
    """Deliver the waiting messages."""
    posted = answers(monkeypatch, answer)
    return deliver.handler({"Records": messages(settings.delivery_queue_url)}, Context()), posted


def take(message: Message) -> None:
    """Deliver one message."""
    assert deliver.handler({"Records": [record_of(message)]}, Context()) == {"batchItemFailures": []}


def record_of(message: Message) -> dict[str, Any]:
    body = json.dumps({**asdict(message), "due": message.due.isoformat()})
    return {"messageId": "1", "receiptHandle": "r", "body": body, "attributes": {}, "eventSource": "aws:sqs"}


def log(webhook_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call("list_deliveries", path={"webhook_id": webhook_id}).body["deliveries"]
    return found


def a_message(webhook_id: str, maker: str = "maker-1", attempt: int = 1) -> Message:
    return Message(
        maker=maker, webhook_id=webhook_id, message_id=f"msg_{webhook_id}", body="{}", due=NOW, attempt=attempt
    )
