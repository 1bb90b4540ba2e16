"""Deliveries of webhooks, from a settled job to the log."""

import json
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from http.client import BadStatusLine, LineTooLong
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from craftspark.aws import clients
from craftspark.aws.items import timestamp
from craftspark.aws.notifications.webhooks import WebhookTable
from craftspark.clock import utc_now
from craftspark.notifications.webhooks import ATTEMPT_LASTS, MAX_ATTEMPTS
from craftspark.settings.notifications import DeliverySettings
from lambdas.deliver_webhook import handler as deliver
from lambdas.wiring import webhooks as shared
from lambdas.wiring.pinned_https import Deadline
from tests.aws.api import Context, call
from tests.aws.webhooks.conftest import NOW, URL, Queue, register
from tests.aws.webhooks.delivering import a_message, answers, log, messages, record_of, run, settle, take

pytestmark = pytest.mark.usefixtures("settings")


def test_a_settled_job_is_sent_only_to_its_maker_s_endpoints(
    settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = register().body["webhook_id"]
    register("maker-2", "https://hooks.example/theirs")

    settle()
    answer, posted = run(settings, monkeypatch, 204)

    assert answer == {"batchItemFailures": []}
    [(url, addresses, headers, body)] = posted
    assert (url, addresses) == (URL, ["93.184.216.34"])
    assert json.loads(body)["data"]["job_id"] == "a" * 26
    assert headers["webhook-id"].startswith("msg_")
    assert [(each["delivered"], each["status"], each["attempt"]) for each in log(mine)] == [(True, 204, 1)]


FAULTS = [
    (500, "returned 500"),
    (404, "returned 404"),
    (302, "redirects are not followed"),
    (TimeoutError("slow"), "within 10 seconds"),
    (ConnectionRefusedError("no"), "refused"),
    (ConnectionResetError("no"), "closed"),
    (ssl.SSLError("no"), "TLS"),
    (OSError("no route"), "could not be reached"),
    (LineTooLong("header line"), "too large"),
    (BadStatusLine("SSH"), "is not HTTP"),
]


@pytest.mark.parametrize(("answer", "says"), FAULTS)
def test_a_failed_delivery_waits_for_its_next_attempt_and_is_in_the_log(
    settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch, later: Queue, answer: Any, says: str
) -> None:
    webhook_id = register().body["webhook_id"]
    settle()

    done, _ = run(settings, monkeypatch, answer)

    assert done == {"batchItemFailures": []}  # the message is deleted, so none is in flight
    [following] = later.sent
    assert (following.attempt, following.due) == (2, NOW + timedelta(seconds=5))
    [entry] = log(webhook_id)
    assert not entry["delivered"]
    assert entry.get("status") == (answer if isinstance(answer, int) else None)
    assert says in entry["error"]


def test_a_host_that_is_not_found_is_in_the_log(
    settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch, later: Queue
) -> None:
    webhook_id = register().body["webhook_id"]
    settle()

    def unknown(host: str, deadline: Deadline) -> list[str]:
        raise socket.gaierror("not known")

    monkeypatch.setattr(deliver, "resolve", unknown)
    run(settings, monkeypatch, 204)

    assert "does not exist" in log(webhook_id)[0]["error"]
    assert len(later.sent) == 1


def test_a_message_is_delayed_in_the_queue_by_a_quarter_of_an_hour_at_most(settings: DeliverySettings) -> None:
    requests: list[Any] = []
    event, message = "before-parameter-build.sqs.SendMessage", a_message("w", maker="m" * 200)

    def note(params: Any, **_: Any) -> None:
        requests.append(params)

    clients.sqs().meta.events.register(event, note)
    for wait in (timedelta(seconds=-5), timedelta(0), timedelta(seconds=4.2), timedelta(hours=10)):
        shared.queue().send(replace(message, due=NOW + wait), NOW)
    shared.queue().send(message, NOW, after=ATTEMPT_LASTS)
    clients.sqs().meta.events.unregister(event, note)

    assert [each["DelaySeconds"] for each in requests] == [0, 0, 5, 900, 60]
    assert {each["MessageGroupId"] for each in requests} == {"m" * 128}


def test_a_message_that_arrives_early_is_delayed_again(monkeypatch: pytest.MonkeyPatch, later: Queue) -> None:
    posted = answers(monkeypatch, 204)
    early = replace(a_message(register().body["webhook_id"], attempt=7), due=NOW + timedelta(hours=3))

    take(early)

    assert (later.sent, posted) == ([early], [])


def test_a_message_is_a_dead_letter_after_its_last_attempt_and_can_be_redriven(
    monkeypatch: pytest.MonkeyPatch, later: Queue, dead_letters: Queue
) -> None:
    webhook_id = register().body["webhook_id"]
    posted = answers(monkeypatch, 500)
    later.sent.append(a_message(webhook_id))

    while later.sent:
        message = later.sent.pop()
        monkeypatch.setattr(deliver, "utc_now", lambda at=message.due: at)
        take(message)

    assert len(posted) == len(log(webhook_id)) == MAX_ATTEMPTS
    [letter] = dead_letters.sent
    assert letter.attempt == 1
    take(letter)
    assert len(posted) == MAX_ATTEMPTS + 1  # a redrive to the queue starts another attempt


@pytest.mark.parametrize("answer", [204, 500])
def test_a_duplicate_message_after_an_attempt_is_neither_sent_again_nor_lost(
    monkeypatch: pytest.MonkeyPatch, later: Queue, answer: int
) -> None:
    """The function ends after the attempt, or after it has sent the message with a delay."""
    webhook_id = register().body["webhook_id"]
    posted = answers(monkeypatch, answer)

    take(a_message(webhook_id))
    take(a_message(webhook_id))

    assert len(posted) == len(log(webhook_id)) == 1
    assert [message.attempt for message in later.sent] == ([] if answer == 204 else [2])


def test_of_two_copies_at_the_same_time_one_is_delivered(monkeypatch: pytest.MonkeyPatch, later: Queue) -> None:
    webhook_id = register().body["webhook_id"]
    message = a_message(webhook_id)
    posted: list[Any] = []

    def post_while_a_copy_arrives(*arguments: Any) -> int:
        deliver.deliver(SQSRecord(record_of(message)))
        posted.append(arguments)
        return 500

    monkeypatch.setattr(deliver, "post", post_while_a_copy_arrives)
    take(message)
    copy, following = later.sent
    take(copy)

    assert len(posted) == len(log(webhook_id)) == 1
    assert later.delays == [ATTEMPT_LASTS, timedelta(0)]  # the copy waits in case the function does not end
    assert (copy, following.attempt, len(later.sent)) == (message, 2, 2)


def test_an_attempt_in_progress_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    webhook_id = register().body["webhook_id"]

    shared.table().start(a_message(webhook_id), NOW)

    assert log(webhook_id) == []


class Crashed(Exception):
    """The function ends during its work, as at its timeout."""


@pytest.mark.parametrize("answer", [204, 500])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["get", "start", "post", "log", "send", "log followed"])
def test_a_crash_at_any_step_loses_no_message_and_repeats_no_recorded_attempt(
    monkeypatch: pytest.MonkeyPatch, later: Queue, step: str, after: bool, answer: int
) -> None:
    """SQS delivers a message again until the function returns."""
    webhook_id = register().body["webhook_id"]
    posted = answers(monkeypatch, answer)
    message = a_message(webhook_id)
    owner: Any = {"post": deliver, "send": later}.get(step, WebhookTable)
    method = step.partition(" ")[0]
    alive = getattr(owner, method)

    def crash(*arguments: Any, **options: Any) -> Any:
        if step == "log followed" and not options:
            return alive(*arguments)
        if after:
            alive(*arguments, **options)
        raise Crashed

    with monkeypatch.context() as dying:
        dying.setattr(owner, method, crash)
        failed = deliver.handler({"Records": [record_of(message)]}, Context())["batchItemFailures"]
    if step not in ("send", "log followed") or answer == 500:
        assert failed  # the function failed, so SQS delivers the message again when it is visible
        monkeypatch.setattr(deliver, "utc_now", lambda: NOW + timedelta(minutes=3))
        take(message)

    assert len(posted) == (2 if step == "post" and after else 1) + (step == "log" and not after)
    assert [each["delivered"] for each in log(webhook_id)] == [answer == 204]
    assert {sent.attempt for sent in later.sent} == (set() if answer == 204 else {2})


def test_a_duplicate_event_is_delivered_once(settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook_id = register().body["webhook_id"]
    settle()
    settle()

    _, posted = run(settings, monkeypatch, 204)

    assert len(posted) == len(log(webhook_id)) == 1


def test_an_error_for_one_maker_does_not_affect_the_others(
    settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch, later: Queue
) -> None:
    """If the function fails at one message, the other is delivered, and SQS delivers only the failed one again."""
    register("maker-1", "https://one.example/")
    theirs = register("maker-2", "https://two.example/").body["webhook_id"]
    settle("maker-1")
    settle("maker-2")
    waiting = messages(settings.delivery_queue_url)
    posted: list[str] = []

    def post(url: str, *_: Any) -> int:
        if "one" in url:
            raise RuntimeError("a fault of ours")
        posted.append(url)
        return 204

    monkeypatch.setattr(deliver, "post", post)
    done = deliver.handler({"Records": waiting}, Context())

    [mine] = [each["messageId"] for each in waiting if theirs not in each["body"]]
    assert done == {"batchItemFailures": [{"itemIdentifier": mine}]}
    assert posted == ["https://two.example/"]


def test_a_host_that_resolves_to_an_internal_address_is_not_called(
    settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch, later: Queue
) -> None:
    webhook_id = register().body["webhook_id"]
    settle()
    monkeypatch.setattr(deliver, "resolve", lambda host, deadline: ["169.254.169.254"])

    _, posted = run(settings, monkeypatch, 204)

    assert posted == []
    assert "public" in log(webhook_id)[0]["error"]


def test_a_deleted_endpoint_receives_nothing(settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook_id = register().body["webhook_id"]
    settle()
    assert call("delete_webhook", path={"webhook_id": webhook_id}).status == 204

    answer, posted = run(settings, monkeypatch, 204)

    assert (answer, posted) == ({"batchItemFailures": []}, [])
    assert call("delete_webhook", path={"webhook_id": webhook_id}).status == 404


def test_both_secrets_sign_after_a_rotation(settings: DeliverySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    made = register().body
    rotated = call("rotate_webhook_secret", path={"webhook_id": made["webhook_id"]}).body
    monkeypatch.setattr(deliver, "utc_now", utc_now)

    settle(at=timestamp(utc_now()))
    _, posted = run(settings, monkeypatch, 204)

    assert rotated["secret"] != made["secret"]
    assert len(posted[0][2]["webhook-signature"].split()) == 2
