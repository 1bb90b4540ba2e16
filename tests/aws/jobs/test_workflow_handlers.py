import json
import time
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from botocore.exceptions import ClientError, EndpointConnectionError

from craftspark.aws import clients
from craftspark.aws.fleet.work import WorkIndex
from craftspark.aws.items import unfinished_shard
from craftspark.jobs.batches import DEFERRALS, JobOrder
from craftspark.settings.jobs import SubmitSettings
from craftspark.settings.rendering import ResendSettings, SettleSettings, StartSettings
from lambdas.resend_lost_jobs import handler as resend_lost_jobs
from lambdas.settle_job import handler as settle_job
from lambdas.start_render import handler as start_render
from lambdas.sweep_overdue_jobs import handler as sweep_overdue_jobs
from tests.aws.api import Context, settle, submit
from tests.aws.conftest import ACCOUNTS, JOBS, STYLES, client_of
from tests.fakes import NOON

DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}})


@pytest.fixture
def state_machine(tables: None, intake_queue: str, monkeypatch: pytest.MonkeyPatch) -> str:
    machine = client_of("stepfunctions").create_state_machine(
        name="render-job", definition=DEFINITION, roleArn="arn:aws:iam::123456789012:role/x"
    )["stateMachineArn"]
    settings = StartSettings(
        jobs_table=JOBS, state_machine_arn=machine, intake_queue_url=intake_queue, start_interval_ms=1
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    start_render.parts.cache_clear()
    return str(machine)


@pytest.fixture
def settle_settings(submit_settings: SubmitSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        SettleSettings(jobs_table=JOBS, accounts_table=ACCOUNTS, styles_table=STYLES).to_environment().items()
    ):
        monkeypatch.setenv(name, value)
    settle_job.settlement.cache_clear()
    sweep_overdue_jobs.settlement.cache_clear()


def sqs_event(*bodies: str, deferrals: int | None = None) -> dict[str, Any]:
    attributes = {DEFERRALS: {"stringValue": str(deferrals), "dataType": "Number"}} if deferrals else {}
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": "r",
                "body": body,
                "messageAttributes": attributes,
                "eventSource": "aws:sqs",
            }
            for number, body in enumerate(bodies)
        ]
    }


def an_order(job_id: str) -> str:
    return JobOrder(
        job_id=job_id, maker="maker-1", tool="picture", lane="bulk", pool="draw", queued=False, work_s=1.0, batches=()
    ).to_text()


def executions_of(state_machine: str) -> list[str]:
    listed = client_of("stepfunctions").list_executions(stateMachineArn=state_machine)["executions"]
    return [execution["name"] for execution in listed]


def shard_of(job_id: str) -> str | None:
    """The key of the job in the index of unfinished jobs."""
    item = clients.dynamodb().get_item(TableName=JOBS, Key={"job_id": {"S": job_id}, "item": {"S": "job"}})["Item"]
    return item.get("unfinished", {}).get("S")


def refuse(monkeypatch: pytest.MonkeyPatch, client: Any, operation: str, code: str, status: int = 400) -> list[Any]:
    """Make every call of an operation fail. Returns the calls."""
    calls: list[Any] = []

    def failed(**request: Any) -> None:
        calls.append(request)
        answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, operation)

    monkeypatch.setattr(client, operation, failed)
    return calls


def test_repeated_messages_start_one_execution_named_after_the_job(state_machine: str) -> None:
    order = an_order("a" * 26)

    answers = [start_render.handler(sqs_event(order), Context()) for _ in range(2)]

    assert answers == [{"batchItemFailures": []}] * 2
    assert executions_of(state_machine) == ["a" * 26]


def test_one_bad_message_fails_alone(state_machine: str) -> None:
    answer = start_render.handler(sqs_event("garbage", an_order("b" * 26)), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert executions_of(state_machine) == ["b" * 26]


def test_a_started_job_is_marked_and_an_ended_one_is_unchanged(
    state_machine: str, submit_settings: SubmitSettings
) -> None:
    started, ended = submit(count=1).body["job_id"], submit(count=1).body["job_id"]
    settle(ended)

    start_render.handler(sqs_event(an_order(started), an_order(ended)), Context())
    start_render.handler(sqs_event(an_order(started)), Context())

    assert shard_of(started) == unfinished_shard(started)
    assert shard_of(ended) is None
    work = WorkIndex(client=clients.dynamodb(), jobs_table=JOBS).read("draw", time.time())
    assert work.counters.work_s["bulk"] == 1.0  # of the started job, once


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("ExecutionLimitExceeded", 400),
        ("ServiceUnavailable", 503),
        ("InternalFailure", 500),
    ],
)
def test_an_order_that_aws_throttles_is_retried_without_a_failed_receive(
    state_machine: str, submit_settings: SubmitSettings, code: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = client_of("sqs")
    orders = [an_order(letter * 26) for letter in "abc"]
    calls = refuse(monkeypatch, clients.stepfunctions(), "start_execution", code, status)
    sent: list[Any] = []
    send = clients.sqs().send_message

    def remember(**message: Any) -> Any:
        sent.append(message)
        return send(**message)

    monkeypatch.setattr(clients.sqs(), "send_message", remember)

    answer = start_render.handler(sqs_event(*orders, deferrals=3), Context())

    assert answer == {"batchItemFailures": []}
    assert len(calls) == 1  # the others were not tried
    assert [message["MessageBody"] for message in sent] == orders
    for message in sent:
        assert message["MessageAttributes"][DEFERRALS]["StringValue"] == "4"
        assert message["MessageGroupId"] == "maker-1"
        assert 20 <= message["DelaySeconds"] <= 40
    waiting = sqs.get_queue_attributes(
        QueueUrl=submit_settings.intake_queue_url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    assert waiting["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "3"


def test_an_order_is_retried_if_step_functions_is_unreachable(
    state_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://states")

    monkeypatch.setattr(clients.stepfunctions(), "start_execution", unreachable)

    assert start_render.handler(sqs_event(an_order("a" * 26)), Context()) == {"batchItemFailures": []}


@pytest.mark.parametrize("code", ["AccessDeniedException", "StateMachineDoesNotExist", "InvalidExecutionInput"])
def test_a_permanent_error_is_a_failed_receive_of_its_order(
    state_machine: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, clients.stepfunctions(), "start_execution", code)

    with pytest.raises(BatchProcessingError):
        start_render.handler(sqs_event(an_order("a" * 26)), Context())


def test_an_order_whose_return_fails_is_not_lost(state_machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, clients.stepfunctions(), "start_execution", "ThrottlingException")
    refuse(monkeypatch, clients.sqs(), "send_message", "ServiceUnavailable", 503)

    with pytest.raises(BatchProcessingError):
        start_render.handler(sqs_event(an_order("a" * 26)), Context())


def test_an_invocation_without_time_starts_nothing(state_machine: str) -> None:
    answer = start_render.handler(sqs_event(an_order("a" * 26)), Context(remaining_ms=30_000))

    assert answer == {"batchItemFailures": []}
    assert executions_of(state_machine) == []


@pytest.mark.usefixtures("settle_settings")
def test_the_rule_on_ended_executions_settles_unsettled_jobs() -> None:
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
        intake_queue_url=submit_settings.intake_queue_url,
        job_deadline_s=submit_settings.job_deadline_s,
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    resend_lost_jobs.lost_jobs.cache_clear()


@pytest.mark.usefixtures("resend_settings")
def test_only_a_job_whose_message_was_lost_is_sent_again(
    submit_settings: SubmitSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = client_of("sqs")
    lost, started, overdue, fresh = (submit(count=1, maker=f"m{number}").body["job_id"] for number in range(4))
    start_render.handler(sqs_event(an_order(started)), Context())
    for job_id, seconds in ((lost, 3400), (started, 3400), (overdue, -5)):
        clients.dynamodb().update_item(
            TableName=JOBS,
            Key={"job_id": {"S": job_id}, "item": {"S": "job"}},
            UpdateExpression="SET deadline = :deadline",
            ExpressionAttributeValues={":deadline": {"N": str(int(time.time()) + seconds)}},
        )
    sqs.purge_queue(QueueUrl=submit_settings.intake_queue_url)

    described = refuse(monkeypatch, clients.stepfunctions(), "describe_execution", "AccessDeniedException")

    resend_lost_jobs.handler({}, Context())
    resend_lost_jobs.handler({}, Context())

    assert described == []
    messages = sqs.receive_message(QueueUrl=submit_settings.intake_queue_url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"])["job_id"] for message in messages] == [lost]
    assert fresh not in messages[0]["Body"]


@pytest.mark.usefixtures("resend_settings")
def test_a_lost_job_that_cannot_be_sent_does_not_delay_the_others(submit_settings: SubmitSettings) -> None:
    job_ids = [submit(count=1, maker=f"m{number}").body["job_id"] for number in range(6)]
    for job_id in job_ids:
        clients.dynamodb().update_item(
            TableName=JOBS,
            Key={"job_id": {"S": job_id}, "item": {"S": "job"}},
            UpdateExpression="SET deadline = :deadline",
            ExpressionAttributeValues={":deadline": {"N": str(int(time.time()) + 3400)}},
        )
    clients.dynamodb().update_item(
        TableName=JOBS,
        Key={"job_id": {"S": job_ids[0]}, "item": {"S": "job"}},
        UpdateExpression="SET #request = :garbage",
        ExpressionAttributeNames={"#request": "request"},
        ExpressionAttributeValues={":garbage": {"S": "{"}},
    )
    client_of("sqs").purge_queue(QueueUrl=submit_settings.intake_queue_url)

    with pytest.raises(resend_lost_jobs.ResendIncomplete, match=job_ids[0]):
        resend_lost_jobs.handler({}, Context())

    assert [shard_of(job_id) == unfinished_shard(job_id) for job_id in job_ids] == [False, *[True] * 5]


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

    records = settle_job.settlement().records
    assert records.read(overdue).job.state == "failed"
    assert records.read(overdue).job.failures[0].error == "JobOverdue"
    assert records.read(in_time).job.state == "queued"


@pytest.mark.usefixtures("settle_settings")
def test_a_job_that_cannot_be_ended_does_not_delay_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
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

    ended = [past.records.read(job_id).job.state for job_id in job_ids if job_id != broken]
    assert ended == ["failed", "failed"]
