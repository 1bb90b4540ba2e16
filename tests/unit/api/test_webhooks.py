"""Webhooks: the URLs that are allowed, and the signatures."""

import json
import socket
from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from standardwebhooks import Webhook as Receiver

from craftspark.accounts.plans import find_plan
from craftspark.errors import InvalidInput, PlanExceeded
from craftspark.jobs.endings import JobSettled
from craftspark.jobs.idempotency import EffectExists, Write
from craftspark.jobs.job import JobState
from craftspark.notifications.webhooks import (
    BACKOFF_S,
    MAX_ATTEMPTS,
    OLD_SECRET_GOOD_FOR,
    Delivery,
    Message,
    Webhook,
    Webhooks,
    body_of,
    fault_of,
    headers_of,
    message_of,
)
from lambdas.wiring.domain_names import to_ascii
from tests.fakes import NOON

PARTNER = find_plan("partner")
PUBLIC = "93.184.216.34"


class FakeWebhookRecords:
    def __init__(self) -> None:
        self.kept: dict[str, Webhook] = {}

    def of(self, maker: str) -> list[Webhook]:
        return [webhook for webhook in self.kept.values() if webhook.maker == maker]

    def put(self, webhook: Webhook, also: Sequence[Write] = (), *, max_webhooks: int) -> None:
        self.kept[webhook.webhook_id] = webhook

    def replace(self, webhook: Webhook, also: Sequence[Write] = (), *, secret: str) -> None:
        self.kept[webhook.webhook_id] = webhook


def webhooks(address: str = PUBLIC) -> Webhooks:
    return Webhooks(records=FakeWebhookRecords(), resolve=lambda _: [address], to_ascii=to_ascii)


def test_a_host_that_is_not_found_is_refused() -> None:
    def nowhere(host: str) -> list[str]:
        raise socket.gaierror("not known")

    with pytest.raises(InvalidInput):
        Webhooks(records=FakeWebhookRecords(), resolve=nowhere, to_ascii=to_ascii).register(
            "maker-1", PARTNER, "w1", "https://example.invalid/"
        )


def test_a_registration_is_the_same_again_and_bounded_by_the_plan() -> None:
    there = webhooks()
    first = there.register("maker-1", PARTNER, "w0", "https://example.com/")

    with pytest.raises(EffectExists):
        there.register("maker-1", PARTNER, "w0", "https://example.com/")
    assert there.records.of("maker-1") == [first]
    for number in range(1, PARTNER.webhooks):
        there.register("maker-1", PARTNER, f"w{number}", f"https://example.com/{number}")
    with pytest.raises(PlanExceeded):
        there.register("maker-1", PARTNER, "one more", "https://example.com/")
    with pytest.raises(PlanExceeded):
        there.register("maker-2", find_plan("free"), "w", "https://example.com/")


def test_signatures_follow_the_standard_during_a_rotation() -> None:
    there = webhooks()
    first = there.register("maker-1", PARTNER, "w", "https://example.com/")
    second = there.rotate(first)
    body = body_of(SETTLED, "2030-01-01T00:00:00Z")
    now = datetime.now(UTC)

    for webhook, secret in ((first, first.secret), (second, first.secret), (second, second.secret)):
        headers = headers_of(webhook, "msg_1", body, now)
        assert Receiver(secret).verify(body, headers)["type"] == "job.settled"
    later = now + OLD_SECRET_GOOD_FOR + timedelta(seconds=1)
    assert len(headers_of(second, "msg_1", body, later)["webhook-signature"].split()) == 1
    assert len(b64decode(first.secret.removeprefix("whsec_"))) == 24
    assert "maker" not in json.loads(body)["data"]


@pytest.mark.parametrize(
    "again",
    ["https://EXAMPLE.com", "https://example.com.:443/", "https://example.com/a/..", "https://example.com/%61/../"],
)
def test_an_endpoint_is_registered_once_however_it_is_written(again: str) -> None:
    there = webhooks()
    first = there.register("maker-1", PARTNER, "w0", "https://example.com/")

    with pytest.raises(InvalidInput, match="w0") as refused:
        there.register("maker-1", PARTNER, "w1", again)

    assert refused.value.field == "url"
    assert list(there.records.of("maker-1")) == [first]
    assert there.register("maker-2", PARTNER, "w2", again).url == first.url


def test_an_internal_address_cannot_be_registered() -> None:
    with pytest.raises(InvalidInput, match="public internet"):
        webhooks("10.0.0.7").register("maker-1", PARTNER, "w", "https://example.com/")


SETTLED = JobSettled(
    job_id="j", maker="m", tool="picture", state=JobState.SUCCEEDED, delivered=1, requested=1, error=None
)
WEBHOOK = Webhook(maker="m", webhook_id="w", url="https://example.com/", secret="whsec_YQ==", created_at=NOON)


def failure(message: Message) -> Delivery:
    return Delivery(
        webhook_id="w",
        message_id=message.message_id,
        attempt=message.attempt,
        at=message.due + timedelta(seconds=3),
        status=500,
        error="no",
    )


def test_attempts_are_further_and_further_apart_and_end() -> None:
    tries = [message_of(WEBHOOK, SETTLED, "2030-01-01T00:00:00Z")]
    while following := tries[-1].after(failure(tries[-1])):
        tries.append(following)

    waits = [(later.due - sooner.due).total_seconds() - 3 for sooner, later in pairwise(tries)]
    assert waits == sorted(waits) == list(BACKOFF_S)
    assert [message.attempt for message in tries] == list(range(1, MAX_ATTEMPTS + 1))
    assert {(message.message_id, message.body) for message in tries} == {(tries[0].message_id, tries[0].body)}
    assert tries[-1].restart(NOON).attempt == 1


def test_the_same_event_is_the_same_message() -> None:
    assert message_of(WEBHOOK, SETTLED, "2030-01-01T00:00:00Z") == message_of(WEBHOOK, SETTLED, "2030-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (200, None),
        (204, None),
        (299, None),
        (199, "199"),
        (301, "redirects"),
        (308, "redirects"),
        (404, "404"),
        (500, "500"),
    ],
)
def test_a_failed_status_has_a_reason(status: int, says: str | None) -> None:
    fault = fault_of(status)

    assert fault is None if says is None else says in (fault or "")
