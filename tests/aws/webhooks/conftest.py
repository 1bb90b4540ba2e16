"""A table of webhooks, and queues whose delays a test can read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from craftspark.notifications.webhooks import Message
from craftspark.settings.accounts import AccountSettings
from craftspark.settings.notifications import DeliverySettings
from lambdas.deliver_webhook import handler as deliver
from lambdas.fan_out_webhooks import handler as fan_out
from lambdas.wiring import webhooks as shared
from tests.aws.api import Answer, call
from tests.aws.conftest import ACCOUNTS, attribute, client_of, key

WEBHOOKS = "webhooks"


URL = "https://hooks.example/in"


NOW = datetime(2030, 1, 1, 0, 1, tzinfo=UTC)  # a minute after the job was settled


@pytest.fixture
def settings(tables: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeliverySettings]:
    client_of("dynamodb").create_table(
        TableName=WEBHOOKS,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=key("maker", "item"),
        AttributeDefinitions=[attribute("maker"), attribute("item")],
    )
    queue, dead = (client_of("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("deliveries", "dead"))
    made = DeliverySettings(webhooks_table=WEBHOOKS, delivery_queue_url=queue, dead_letters_url=dead)
    accounts = AccountSettings(accounts_table=ACCOUNTS, default_plan="partner")
    for name, value in {**made.to_environment(), **accounts.to_environment()}.items():
        monkeypatch.setenv(name, value)
    caches = (shared.table, shared.webhooks, shared.queue, shared.dead_letters)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setattr(shared, "resolve", lambda host: ["93.184.216.34"])
    monkeypatch.setattr(deliver, "resolve", lambda host, deadline: ["93.184.216.34"])
    monkeypatch.setattr(deliver, "utc_now", lambda: NOW)
    monkeypatch.setattr(fan_out, "utc_now", lambda: NOW)
    yield made
    for cached in caches:
        cached.cache_clear()


def register(maker: str = "maker-1", url: str = URL, idempotency_key: str = "k") -> Answer:
    return call("create_webhook", maker=maker, body={"url": url}, headers={"idempotency-key": idempotency_key})


class Queue:
    """Replaces SQS, so that a test can read a delay without waiting for it."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.delays: list[timedelta] = []

    def send(self, message: Message, now: datetime, *, after: timedelta = timedelta(0)) -> None:
        self.sent.append(message)
        self.delays.append(after)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """Collects the messages that are sent with a delay."""
    queue = Queue()
    monkeypatch.setattr(deliver, "queue", lambda: queue)
    return queue


@pytest.fixture
def dead_letters(monkeypatch: pytest.MonkeyPatch) -> Queue:
    queue = Queue()
    monkeypatch.setattr(deliver, "dead_letters", lambda: queue)
    return queue
