"""Lambda's rules for queues as event sources, concurrency and repeated events, in the local cloud."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ministack.services import lambda_svc, sqs

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patches.api_gateway.function_errors import extend_shape
from local_cloud.emulator.patches.lambda_functions import queue_batches, repeated_events, reserved_concurrency
from local_cloud.faults import Fault
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.environment import ACCOUNT, REGION
from tests.e2e.emulator.functions.test_lambda_processes import function
from tests.e2e.emulator.roles import allow
from tests.e2e.waiting import eventually

THROTTLED = {"throttle": True, "error": True, "body": {}}
FUNCTION = {"config": {"FunctionName": "f"}}
POLL = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


@pytest.fixture(scope="module")
def patient(aws: Clients) -> str:
    """A function with a timeout of 60 s, whose role may poll."""
    return function(aws, allow("*", *POLL))


def queue(aws: Clients, visibility_s: int) -> str:
    """The ARN of a new queue."""
    name = f"queue-{uuid.uuid4().hex[:8]}"
    aws["sqs"].create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(visibility_s)})
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value)


def test_a_queue_hides_messages_for_at_least_the_timeout_of_its_function(aws: Clients, patient: str) -> None:
    short, long = queue(aws, 59), queue(aws, 60)
    create = aws["lambda"].create_event_source_mapping

    assert "Queue visibility timeout: 59 seconds is less than" in refusal(
        create, FunctionName=patient, EventSourceArn=short
    )
    made = create(FunctionName=patient, EventSourceArn=long, Enabled=False)

    update = {"UUID": made["UUID"], "BatchSize": 11}
    assert "Maximum batch window" in refusal(aws["lambda"].update_event_source_mapping, **update)
    aws["lambda"].update_event_source_mapping(**update, MaximumBatchingWindowInSeconds=1)
    assert "already exists" in refusal(create, FunctionName=patient, EventSourceArn=long)


def test_a_stack_with_a_mapping_that_lambda_refuses_fails(aws: Clients, patient: str) -> None:
    mapping = {"FunctionName": patient, "EventSourceArn": queue(aws, 59)}
    resources = {"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}}
    stack = f"stack-{uuid.uuid4().hex[:8]}"
    aws["cloudformation"].create_stack(StackName=stack, TemplateBody=json.dumps({"Resources": resources}))

    def status() -> str | None:
        found = str(aws["cloudformation"].describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        return None if found.endswith("IN_PROGRESS") else found

    assert str(eventually(status)).startswith("ROLLBACK")


@pytest.fixture
def deleted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collects the receipts of deleted messages."""
    receipts: list[str] = []
    monkeypatch.setattr(sqs, "_delete_messages_for_esm", lambda url, found: receipts.extend(sorted(found)))
    return receipts


def batch(visible_in_s: float = 60) -> list[dict[str, Any]]:
    visible_at = time.time() + visible_in_s
    return [{"id": each, "receipt_handle": f"receipt-{each}", "visible_at": visible_at} for each in ("a", "b")]


def run(
    answers: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, messages: list[dict[str, Any]]
) -> dict[str, Any]:
    """The mapping after a batch, whose invocations have these results."""
    monkeypatch.setattr(lambda_svc, "_execute_function", lambda *_: answers.pop(0))
    monkeypatch.setattr(queue_batches, "FIRST_PAUSE_S", 0.001)
    mapping = {"UUID": "mapping", "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    queue_batches.run_batch(mapping, FUNCTION, {}, messages, "url", "queue")
    return mapping


def test_a_throttled_batch_is_tried_again(monkeypatch: pytest.MonkeyPatch, deleted: list[str]) -> None:
    mapping = run([THROTTLED, THROTTLED, {"body": None}], monkeypatch, batch())

    assert (mapping["LastProcessingResult"][:2], deleted) == ("OK", ["receipt-a", "receipt-b"])


def test_a_throttled_batch_ends_when_its_messages_are_visible(
    monkeypatch: pytest.MonkeyPatch, deleted: list[str]
) -> None:
    mapping = run([THROTTLED], monkeypatch, batch(visible_in_s=0))

    assert (mapping["LastProcessingResult"], deleted) == ("FAILED", [])


@pytest.mark.parametrize(
    ("body", "done"),
    [
        (None, ["receipt-a", "receipt-b"]),
        ({"batchItemFailures": []}, ["receipt-a", "receipt-b"]),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, ["receipt-b"]),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, []),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, []),
        ({"batchItemFailures": [{"id": "a"}]}, []),
        ({"batchItemFailures": "a"}, []),
        ("no JSON", []),
    ],
)
def test_an_invalid_report_of_failures_fails_the_whole_batch(
    monkeypatch: pytest.MonkeyPatch, deleted: list[str], body: Any, done: list[str]
) -> None:
    run([{"body": body}], monkeypatch, batch())

    assert deleted == done


def test_100_executions_stay_unreserved(aws: Clients, patient: str) -> None:
    reserve = {"FunctionName": patient, "ReservedConcurrentExecutions": 901}

    assert "below its minimum value of [100]" in refusal(aws["lambda"].put_function_concurrency, **reserve)
    aws["lambda"].put_function_concurrency(FunctionName=patient, ReservedConcurrentExecutions=900)
    aws["lambda"].delete_function_concurrency(FunctionName=patient)


def test_functions_without_a_reservation_share_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserved_concurrency, "reserved", lambda: 998)
    monkeypatch.setattr(lambda_svc, "_inflight", {})
    monkeypatch.setattr(lambda_svc, "_inflight_total", 0)
    acquire = reserved_concurrency.extend_acquire(lambda_svc._acquire_execution_slot)

    slots = [acquire({}, {"FunctionName": each})[1] for each in ("f", "g", "f")]

    assert slots == [None, None, "account"]
    assert acquire({"concurrency": 1}, {"FunctionName": "reserved"})[1] is None


@pytest.fixture
def always(request: pytest.FixtureRequest) -> Iterator[None]:
    """The fault of the test's parameter strikes every call of the function `f`."""
    FAULTS.switch_on(Fault(request.param, "f", share=1))
    yield
    FAULTS.end(request.param, "f")


@pytest.mark.parametrize("always", ["throttle"], indirect=True)
@pytest.mark.usefixtures("always")
def test_a_struck_invocation_is_throttled_as_by_a_burst_of_others() -> None:
    acquire = reserved_concurrency.extend_acquire(lambda *_: ("slot", None))

    assert acquire({}, {"FunctionName": "f"}) == (None, "account")
    assert acquire({}, {"FunctionName": "g"}) == ("slot", None)


@pytest.mark.parametrize("always", ["duplicate"], indirect=True)
@pytest.mark.usefixtures("always")
def test_a_struck_event_reaches_its_function_twice() -> None:
    events: list[Any] = []
    invoke = repeated_events.extend_invoke(lambda _, event: events.append(event))

    invoke(FUNCTION, "first")
    invoke({"config": {"FunctionName": "g"}}, "second")

    assert events == ["first", "first", "second"]


@pytest.mark.parametrize(
    ("result", "status"), [({"error": True, "body": {"errorMessage": "secret"}}, 500), (THROTTLED, 503)]
)
def test_a_client_does_not_see_how_a_function_failed(result: dict[str, Any], status: int) -> None:
    answer, _ = extend_shape(lambda_svc.lambda_execute_result_to_api_proxy_response)(result)

    assert (answer["statusCode"], json.loads(answer["body"])) == (
        status,
        {"message": {500: "Internal Server Error", 503: "Service Unavailable"}[status]},
    )
