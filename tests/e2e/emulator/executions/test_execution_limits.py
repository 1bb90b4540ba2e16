"""Executions have the limits, the retries and the error names of Step Functions."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ministack.services import stepfunctions

from local_cloud.emulator.patches.step_functions import execution_ends, execution_history, retries
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.executions.state_machines import callback_task, ended, next_token, queue, start

YEAR_S = 365 * 24 * 3600
KIB = 1024


@pytest.mark.parametrize(
    ("fields", "pauses"),
    [
        ({}, [1, 2, 4]),
        ({"IntervalSeconds": 20, "BackoffRate": 3}, [20, 60, 180]),
        ({"IntervalSeconds": 20, "BackoffRate": 3, "MaxDelaySeconds": 90}, [20, 60, 90]),
        ({"IntervalSeconds": 20, "MaxDelaySeconds": 30, "JitterStrategy": "FULL"}, [10, 15, 15]),
    ],
)
def test_a_retry_waits_as_its_fields_say(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], pauses: list[float]
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(stepfunctions, "_scaled_sleep", waited.append)
    monkeypatch.setattr("random.uniform", lambda least, most: (least + most) / 2)

    for count, pause in enumerate(pauses):
        waited.clear()
        retrier, index = retries.find_matching_retrier([{"ErrorEquals": ["E"], **fields}], "E", {0: count})
        assert retrier is not None
        assert index == 0
        assert sum(waited) + min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** count, 60) == pause


def test_no_catch_of_all_errors_catches_too_much_data(aws: Clients) -> None:
    large = {"Type": "Pass", "Output": {"data": f"{{% $pad('', {256 * KIB}, 'x') %}}"}, "End": True}
    each = {
        "Type": "Map",
        "Items": [1],
        "ItemProcessor": {"StartAt": "Make", "States": {"Make": large}},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "End": True,
    }
    machine = {"StartAt": "Each", "States": {"Each": each, "Caught": {"Type": "Succeed"}}}

    execution = ended(aws, start(aws, machine))

    assert (execution["status"], execution["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_a_history_has_at_most_25000_events(monkeypatch: pytest.MonkeyPatch) -> None:
    assert execution_history.MAX_EVENTS == 25_000
    monkeypatch.setattr(execution_history, "MAX_EVENTS", 5)
    started = {"type": "ExecutionStarted", "id": 1}
    execution = {"executionArn": "e", "stateMachineArn": "m", "status": "RUNNING", "events": [started]}

    for _ in range(3):
        execution_history.add_event(execution, "MapStateStarted")
    with pytest.raises(stepfunctions._ExecutionError, match=r"maximum number of history events") as failed:
        execution_history.add_event(execution, "MapStateStarted")
    execution_history.add_event(execution, "ExecutionFailed")

    assert failed.value.error == "States.Runtime"
    assert [event["id"] for event in execution["events"]] == [1, 2, 3, 4, 5]  # type: ignore[index]


@pytest.mark.parametrize("machine", [{}, {"TimeoutSeconds": 10 * YEAR_S}])
def test_an_execution_ends_after_a_year_and_with_it_its_tokens(
    monkeypatch: pytest.MonkeyPatch, machine: dict[str, Any]
) -> None:
    monkeypatch.setattr(stepfunctions, "_state_machines", {"m": {"definition": json.dumps(machine)}})

    assert execution_ends.timeout_s({"stateMachineArn": "m"}) == YEAR_S


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (
            lambda client: client.send_task_success(taskToken="t", output=json.dumps("x" * 256 * KIB)),
            "ValidationException",
        ),
        (lambda client: client.send_task_failure(taskToken="t", cause="x" * 32_769), "ValidationException"),
        (lambda client: client.send_task_failure(taskToken="t", error="x" * 257), "ValidationException"),
        (lambda client: client.send_task_failure(taskToken="t", cause="é" * 32_768), "TaskTimedOut"),
        (
            lambda client: client.start_execution(stateMachineArn="m", input=json.dumps("x" * KIB * KIB)),
            "RequestEntityTooLargeException",
        ),
    ],
    ids=["output", "cause", "error", "a cause that fits", "request"],
)
def test_a_request_and_its_fields_have_their_sizes(aws: Clients, call: Callable[[Any], Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        call(aws["stepfunctions"])

    assert refused.value.response["Error"]["Code"] == code


def test_a_map_runs_40_iterations_at_the_same_time(aws: Clients) -> None:
    url = queue(aws)
    each = {
        "Type": "Map",
        "Items": list(range(41)),
        "ItemProcessor": {"StartAt": "Task", "States": {"Task": callback_task(url)}},
        "End": True,
    }
    execution = start(aws, {"StartAt": "Each", "States": {"Each": each}})
    tokens = [next_token(aws, url) for _ in range(40)]

    more = aws["sqs"].receive_message(QueueUrl=url).get("Messages", [])
    aws["stepfunctions"].send_task_success(taskToken=tokens[0], output="{}")

    assert more == []
    assert next_token(aws, url) not in tokens
    aws["stepfunctions"].stop_execution(executionArn=execution)


def test_an_expression_that_fails_is_a_query_evaluation_error_that_a_task_can_catch(aws: Clients) -> None:
    missing = "{% $states.input.missing %}"
    task = callback_task(queue(aws), Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught"}])
    task["Arguments"]["MessageBody"] = missing
    caught = {"StartAt": "Task", "States": {"Task": task, "Caught": {"Type": "Succeed"}}}
    failed = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Output": missing, "End": True}}}

    assert ended(aws, start(aws, caught))["status"] == "SUCCEEDED"
    assert ended(aws, start(aws, failed))["error"] == "States.QueryEvaluationError"
