import json
import time
from dataclasses import replace
from typing import Any

import boto3
import pytest

from craftspark.aws import clients
from craftspark.aws.items import unfinished_shard
from craftspark.settings import ResendSettings, SettleSettings, StartSettings, SubmitSettings
from lambdas.resend_lost_jobs import handler as resend_lost_jobs
from lambdas.settle_job import handler as settle_job
from lambdas.start_render import handler as start_render
from lambdas.sweep_overdue_jobs import handler as sweep_overdue_jobs
from tests.aws.api import Context, submit
from tests.aws.conftest import ACCOUNTS, JOBS, STYLES
from tests.fakes import NOON

DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}})


@pytest.fixture
def state_machine(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    machine = boto3.client("stepfunctions").create_state_machine(
        name="render-job", definition=DEFINITION, roleArn="arn:aws:iam::123456789012:role/x"
    )["stateMachineArn"]
    for name, value in StartSettings(state_machine_arn=machine).to_environment().items():
        monkeypatch.setenv(name, value)
    start_render.executions.cache_clear()
    return machine


@pytest.fixture
def settle_settings(submit_settings: SubmitSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        SettleSettings(jobs_table=JOBS, accounts_table=ACCOUNTS, styles_table=STYLES).to_environment().items()
    ):
        monkeypatch.setenv(name, value)
    settle_job.settlement.cache_clear()
    sweep_overdue_jobs.settlement.cache_clear()


def sqs_event(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": str(number), "receiptHandle": "r", "body": body, "eventSource": "aws:sqs"}
            for number, body in enumerate(bodies)
        ]
    }


def test_a_job_gets_one_execution_named_by_it_however_often_its_message_comes(state_machine: str) -> None:
    order = json.dumps({"job_id": "a" * 26})

    answers = [start_render.handler(sqs_event(order), Context()) for _ in range(2)]

    assert answers == [{"batchItemFailures": []}] * 2
    executions = boto3.client("stepfunctions").list_executions(stateMachineArn=state_machine)["executions"]
    assert [execution["name"] for execution in executions] == ["a" * 26]


def test_one_bad_message_fails_alone(state_machine: str) -> None:
    answer = start_render.handler(sqs_event("garbage", json.dumps({"job_id": "b" * 26})), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    executions = boto3.client("stepfunctions").list_executions(stateMachineArn=state_machine)["executions"]
    assert [execution["name"] for execution in executions] == ["b" * 26]


@pytest.mark.usefixtures("settle_settings")
def test_the_rule_on_ended_executions_settles_what_the_machine_did_not() -> None:
    job_id = submit(count=2).body["job_id"]
    event = {"job_id": job_id, "outcomes": [], "error": "ExecutionEnded", "cause": "ABORTED"}

    first, again = settle_job.handler(event, Context()), settle_job.handler(event, Context())

    assert first == again
    assert {name: first[name] for name in ("state", "delivered", "requested", "error")} == {
        "state": "failed",
        "delivered": 0,
        "requested": 2,
        "error": "ExecutionEnded",
    }


@pytest.fixture
def resend_settings(state_machine: str, submit_settings: SubmitSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ResendSettings(
        jobs_table=JOBS,
        state_machine_arn=state_machine,
        intake_queue_url=submit_settings.intake_queue_url,
        model=submit_settings.model,
        job_deadline_s=submit_settings.job_deadline_s,
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    resend_lost_jobs.resending.cache_clear()


@pytest.mark.usefixtures("resend_settings")
def test_a_job_whose_message_was_lost_is_sent_again_and_no_other(
    submit_settings: SubmitSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = boto3.client("sqs")
    lost, started, overdue, fresh = (submit(count=1, maker=f"m{number}").body["job_id"] for number in range(4))
    start_render.handler(sqs_event(json.dumps({"job_id": started})), Context())
    for job_id, seconds in ((lost, 3400), (started, 3400), (overdue, -5)):
        clients.dynamodb().update_item(
            TableName=JOBS,
            Key={"job_id": {"S": job_id}, "item": {"S": "job"}},
            UpdateExpression="SET deadline = :deadline",
            ExpressionAttributeValues={":deadline": {"N": str(int(time.time()) + seconds)}},
        )
    sqs.purge_queue(QueueUrl=submit_settings.intake_queue_url)

    resend_lost_jobs.handler({}, Context())

    messages = sqs.receive_message(QueueUrl=submit_settings.intake_queue_url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"])["job_id"] for message in messages] == [lost]
    assert fresh not in messages[0]["Body"]


@pytest.mark.usefixtures("settle_settings")
def test_the_sweeper_ends_overdue_jobs_and_no_others() -> None:
    overdue, in_time = submit(count=2).body["job_id"], submit(count=1).body["job_id"]
    clients.dynamodb().update_item(
        TableName=JOBS,
        Key={"job_id": {"S": overdue}, "item": {"S": "job"}},
        UpdateExpression="SET deadline = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )

    sweep_overdue_jobs.handler({}, Context())

    book = settle_job.settlement().book
    assert book.read(overdue).job.state == "failed"
    assert book.read(overdue).job.failures[0].error == "JobOverdue"
    assert book.read(in_time).job.state == "queued"


@pytest.mark.usefixtures("settle_settings")
def test_a_job_that_cannot_be_ended_does_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    job_ids = [submit(count=1).body["job_id"] for _ in range(3)]
    past = replace(settle_job.settlement(), now=lambda: NOON)
    monkeypatch.setattr(sweep_overdue_jobs, "settlement", lambda: past)
    broken = sorted(job_ids, key=lambda job_id: (unfinished_shard(job_id), job_id))[0]
    clients.dynamodb().update_item(
        TableName=JOBS,
        Key={"job_id": {"S": broken}, "item": {"S": "job"}},
        UpdateExpression="SET #request = :garbage",
        ExpressionAttributeNames={"#request": "request"},
        ExpressionAttributeValues={":garbage": {"S": "{"}},
    )

    with pytest.raises(sweep_overdue_jobs.SweepIncomplete, match=broken):
        sweep_overdue_jobs.handler({}, Context())

    ended = [past.book.read(job_id).job.state for job_id in job_ids if job_id != broken]
    assert ended == ["failed", "failed"]
