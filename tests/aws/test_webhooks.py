"""Webhooks from their registration to the log of their deliveries."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from craftspark.settings import AccountSettings, DeliverySettings
from lambdas import webhooks as shared
from lambdas.deliver_webhook import handler as deliver
from lambdas.fan_out_webhooks import handler as fan_out
from tests.aws.api import Answer, Context, call
from tests.aws.conftest import ACCOUNTS, attribute, key

WEBHOOKS = "webhooks"
URL = "https://hooks.example/in"
pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def settings(tables: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeliverySettings]:
    boto3.client("dynamodb").create_table(
        TableName=WEBHOOKS,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=key("maker", "item"),
        AttributeDefinitions=[attribute("maker"), attribute("item")],
    )
    queue = boto3.client("sqs").create_queue(QueueName="deliveries")["QueueUrl"]
    made = DeliverySettings(webhooks_table=WEBHOOKS, delivery_queue_url=queue)
    accounts = AccountSettings(accounts_table=ACCOUNTS, default_plan="partner")
    for name, value in {**made.to_environment(), **accounts.to_environment()}.items():
        monkeypatch.setenv(name, value)
    caches = (shared.table, shared.webhooks, shared.queue)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setattr(shared, "resolve", lambda host: ["93.184.216.34"])
    monkeypatch.setattr(deliver, "resolve", lambda host: ["93.184.216.34"])
    yield made
    for cached in caches:
        cached.cache_clear()


def register(maker: str = "maker-1", url: str = URL, idempotency_key: str = "k") -> Answer:
    return call("create_webhook", maker=maker, body={"url": url}, headers={"idempotency-key": idempotency_key})


def settle(maker: str = "maker-1") -> None:
    detail = {
        "job_id": "a" * 26,
        "maker": maker,
        "tool": "picture",
        "state": "succeeded",
        "delivered": 2,
        "requested": 2,
    }
    fan_out.handler({"detail": detail, "time": "2030-01-01T00:00:00Z"}, Context())


def messages(settings: DeliverySettings) -> list[dict[str, Any]]:
    sqs = boto3.client("sqs")
    found: list[Any] = sqs.receive_message(
        QueueUrl=settings.delivery_queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    ).get("Messages", [])
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


def run(settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch, answer: Any) -> tuple[Any, list[Any]]:
    """Deliver what waits; the endpoint answers this status, or raises this error."""
    posted: list[Any] = []

    def post(url: str, address: str, headers: dict[str, str], body: bytes) -> int:
        posted.append((url, address, headers, body))
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    monkeypatch.setattr(deliver, "post", post)
    return deliver.handler({"Records": messages(settings)}, Context()), posted


def log(webhook_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call("list_deliveries", path={"webhook_id": webhook_id}).body["deliveries"]
    return found


def test_a_secret_is_shown_when_it_is_made_and_never_again() -> None:
    made = register()

    assert made.status == 201
    assert made.body["secret"].startswith("whsec_")
    [listed] = call("list_webhooks").body["webhooks"]
    assert (listed["url"], "secret" in listed) == (URL, False)
    assert register().body["webhook_id"] == made.body["webhook_id"]


def test_a_settled_job_is_told_to_its_maker_s_endpoints_alone(
    settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = register().body["webhook_id"]
    register("maker-2", "https://hooks.example/theirs")

    settle()
    answer, posted = run(settings, monkeypatch, 204)

    assert answer == {"batchItemFailures": []}
    [(url, address, headers, body)] = posted
    assert (url, address) == (URL, "93.184.216.34")
    assert json.loads(body)["data"]["job_id"] == "a" * 26
    assert headers["webhook-id"].startswith("msg_")
    assert [(each["delivered"], each["status"], each["attempt"]) for each in log(mine)] == [(True, 204, 1)]


@pytest.mark.parametrize("answer", [500, 302, 404, TimeoutError("too slow")])
def test_what_is_not_taken_comes_back_later_and_is_in_the_log(
    settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    webhook_id = register().body["webhook_id"]
    waits: list[int] = []
    settle()
    seen = messages(settings)
    monkeypatch.setattr(deliver, "post", failing(answer))
    monkeypatch.setattr(deliver, "queue", lambda: Waiting(waits))

    partly = deliver.handler({"Records": seen}, Context())

    assert partly == {"batchItemFailures": [{"itemIdentifier": seen[0]["messageId"]}]}
    assert waits == [5]
    [entry] = log(webhook_id)
    assert not entry["delivered"]
    assert entry.get("status") == (answer if isinstance(answer, int) else None)


class Waiting:
    def __init__(self, waits: list[int]) -> None:
        self.waits = waits

    def wait(self, receipt: str, seconds: int) -> None:
        self.waits.append(seconds)


def failing(answer: Any) -> Any:
    def post(*_: Any) -> int:
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    return post


def test_a_name_that_leads_inside_by_now_is_not_followed(
    settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id = register().body["webhook_id"]
    settle()
    monkeypatch.setattr(deliver, "resolve", lambda host: ["169.254.169.254"])

    _, posted = run(settings, monkeypatch, 204)

    assert posted == []
    assert "public" in log(webhook_id)[0]["error"]


def test_a_deleted_endpoint_is_told_no_more(settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook_id = register().body["webhook_id"]
    settle()
    assert call("delete_webhook", path={"webhook_id": webhook_id}).status == 204

    answer, posted = run(settings, monkeypatch, 204)

    assert (answer, posted) == ({"batchItemFailures": []}, [])
    assert call("delete_webhook", path={"webhook_id": webhook_id}).status == 404


def test_a_rotated_secret_signs_beside_the_old_one(settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    made = register().body
    rotated = call("rotate_webhook_secret", path={"webhook_id": made["webhook_id"]}).body

    settle()
    _, posted = run(settings, monkeypatch, 204)

    assert rotated["secret"] != made["secret"]
    assert len(posted[0][2]["webhook-signature"].split()) == 2


@pytest.mark.parametrize("function", ["delete_webhook", "rotate_webhook_secret", "list_deliveries"])
def test_another_s_webhook_is_not_found(function: str) -> None:
    webhook_id = register().body["webhook_id"]

    answer = call(function, maker="maker-2", path={"webhook_id": webhook_id})

    assert (answer.status, answer.body["type"]) == (404, "/problems/WebhookNotFound")
    assert len(call("list_webhooks").body["webhooks"]) == 1


def test_an_address_inside_is_refused_at_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "resolve", lambda host: ["10.0.0.7"])

    refused = register()

    assert (refused.status, refused.body["field"]) == (422, "url")
    assert call("list_webhooks").body["webhooks"] == []
