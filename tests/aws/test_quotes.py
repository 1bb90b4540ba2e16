import boto3
import pytest

from craftspark.aws.backlog import FRESH_S, QueueBacklog
from craftspark.settings import SubmitSettings
from tests.aws.api import account, call, submit

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


def test_a_quote_costs_nothing_and_names_the_price() -> None:
    answer = call("quote_job", path={"tool": "picture"}, body={"prompt": "a", "count": 3, "steps": 50})

    assert (answer.status, answer.body["price"], answer.body["cheaper"][0]) == (
        200,
        6,
        {"changes": {"steps": 8}, "price": 3},
    )
    assert account()["reserved"] == 0


def test_a_quote_refuses_what_a_job_would() -> None:
    refused = call("quote_job", path={"tool": "upscale"}, body={"source": f"{'a' * 26}/0"})

    assert (refused.status, refused.body["field"]) == (422, "source")


def test_a_wait_that_is_too_long_is_refused_with_when_to_come_again(submit_settings: SubmitSettings) -> None:
    for _ in range(20):
        boto3.client("sqs").send_message(QueueUrl=submit_settings.gpu_queue_url, MessageBody="{}")

    refused = submit(max_wait_s=1)

    assert (refused.status, refused.body["type"], refused.body["field"]) == (
        503,
        "/problems/WaitTooLong",
        "max_wait_s",
    )
    assert refused.body["estimated_wait_s"] > 1
    assert int(refused.headers["Retry-After"]) == refused.body["estimated_wait_s"] - 1
    assert account()["reserved"] == 0


def test_the_queues_are_counted_at_most_once_in_a_while(submit_settings: SubmitSettings) -> None:
    now = 0.0
    sqs = boto3.client("sqs")
    url = submit_settings.gpu_queue_url
    backlog = QueueBacklog(client=sqs, urls=(url,), clock=lambda: now)
    assert backlog.batches() == 0

    sqs.send_message(QueueUrl=url, MessageBody="{}")

    assert backlog.batches() == 0
    now = FRESH_S + 0.1
    assert backlog.batches() == 1
