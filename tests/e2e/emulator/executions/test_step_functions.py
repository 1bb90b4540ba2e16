"""The contract of the Step Functions patches: documented behaviour of AWS on which our state machine relies."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.launcher.aws_clients import Clients
from local_cloud.reports.execution_timeline import read_timeline
from tests.e2e.emulator.executions.state_machines import callback_task, ended, history, next_token, queue, start
from tests.e2e.emulator.roles import allow, let_events_send, role
from tests.e2e.waiting import eventually

ALL = ["States.ALL"]
FAIL_BY_NAME = {"Output": {"error": "{% $states.errorOutput.Error %}"}, "Next": "Caught", "ErrorEquals": ALL}
CAUGHT = {"Type": "Pass", "End": True}


def one_task(task: dict[str, Any], **machine: Any) -> dict[str, Any]:
    return {"StartAt": "Work", "States": {"Work": task, "Caught": CAUGHT}, **machine}


def longer_bounds_s() -> Iterator[int]:
    """Bounds for one try after the other: a machine that stops for longer than a bound needs a longer one."""
    return (2**number for number in count())


def test_a_task_without_heartbeats_times_out(aws: Clients) -> None:
    task = callback_task(queue(aws), HeartbeatSeconds=1, Catch=[FAIL_BY_NAME])

    execution = ended(aws, start(aws, one_task(task)))

    assert json.loads(execution["output"]) == {"error": "States.HeartbeatTimeout"}


def test_a_heartbeat_bound_may_be_an_expression(aws: Clients) -> None:
    task = callback_task(queue(aws), HeartbeatSeconds="{% $states.input.bound %}", Catch=[FAIL_BY_NAME])

    execution = ended(aws, start(aws, one_task(task), {"bound": 1}))

    assert json.loads(execution["output"]) == {"error": "States.HeartbeatTimeout"}


def test_a_task_that_sends_heartbeats_outlives_its_bound(aws: Clients) -> None:
    bounds_s = longer_bounds_s()

    def output() -> Any:
        url, bound_s = queue(aws), next(bounds_s)
        execution = start(aws, one_task(callback_task(url, HeartbeatSeconds=bound_s, Catch=[FAIL_BY_NAME])))
        token, began = next_token(aws, url), time.monotonic()
        with suppress(aws["stepfunctions"].exceptions.TaskTimedOut):
            while time.monotonic() - began <= bound_s:
                aws["stepfunctions"].send_task_heartbeat(taskToken=token)
                time.sleep(bound_s / 8)
            aws["stepfunctions"].send_task_success(taskToken=token, output='"done"')
        return json.loads(ended(aws, execution)["output"])

    assert eventually(lambda: output() == "done")


def test_each_attempt_has_a_token_of_its_own_and_the_old_one_is_closed(aws: Clients) -> None:
    url = queue(aws)
    retry = {"ErrorEquals": ["SpotInterrupted"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2}
    execution = start(aws, one_task(callback_task(url, Retry=[retry])))
    first = next_token(aws, url)

    aws["stepfunctions"].send_task_failure(taskToken=first, error="SpotInterrupted", cause="taken back")
    second = next_token(aws, url)
    with pytest.raises(ClientError, match="TaskTimedOut"):
        aws["stepfunctions"].send_task_success(taskToken=first, output='"late"')
    aws["stepfunctions"].send_task_success(taskToken=second, output='"second"')

    assert first != second
    assert json.loads(ended(aws, execution)["output"]) == "second"


def test_the_first_answer_to_a_token_wins(aws: Clients) -> None:
    url = queue(aws)
    execution = start(aws, one_task(callback_task(url)))
    token = next_token(aws, url)

    aws["stepfunctions"].send_task_success(taskToken=token, output='"first"')
    with pytest.raises(ClientError, match="TaskTimedOut"):
        aws["stepfunctions"].send_task_failure(taskToken=token, error="RenderFailed", cause="second")

    assert json.loads(ended(aws, execution)["output"]) == "first"


def test_an_answer_that_is_not_json_is_refused(aws: Clients) -> None:
    url = queue(aws)
    execution = start(aws, one_task(callback_task(url)))
    token = next_token(aws, url)

    with pytest.raises(ClientError, match="InvalidOutput"):
        aws["stepfunctions"].send_task_success(taskToken=token, output="done")

    aws["stepfunctions"].stop_execution(executionArn=execution)


def test_an_execution_ends_at_its_state_machines_timeout(aws: Clients) -> None:
    bounds_s = longer_bounds_s()

    def look() -> tuple[str, str] | None:
        """The execution, and the token of the task that was in time."""
        url, bound_s = queue(aws), next(bounds_s)
        execution = start(aws, one_task(callback_task(url, Catch=[FAIL_BY_NAME]), TimeoutSeconds=bound_s))
        assert ended(aws, execution)["status"] == "TIMED_OUT"
        messages = aws["sqs"].receive_message(QueueUrl=url).get("Messages")
        return (execution, json.loads(messages[0]["Body"])["token"]) if messages else None

    execution, token = eventually(look) or ("", "")

    assert history(aws, execution)[-1]["type"] == "ExecutionTimedOut"
    with pytest.raises(ClientError, match="TaskTimedOut"):
        aws["stepfunctions"].send_task_success(taskToken=token, output='"late"')


def test_a_start_may_be_repeated_with_the_same_input_while_the_execution_runs(aws: Clients) -> None:
    url, stepfunctions = queue(aws), aws["stepfunctions"]
    described = stepfunctions.describe_execution(executionArn=start(aws, one_task(callback_task(url)), {"job": 1}))
    machine, name = described["stateMachineArn"], described["name"]

    again = stepfunctions.start_execution(stateMachineArn=machine, name=name, input=described["input"])
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        stepfunctions.start_execution(stateMachineArn=machine, name=name, input='{"job": 2}')
    stepfunctions.stop_execution(executionArn=described["executionArn"])
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        stepfunctions.start_execution(stateMachineArn=machine, name=name, input=described["input"])

    assert (again["executionArn"], again["startDate"]) == (described["executionArn"], described["startDate"])


def test_an_execution_takes_an_input_of_256_kib_at_most(aws: Clients) -> None:
    execution = start(aws, {"StartAt": "End", "States": {"End": {"Type": "Succeed", "Output": {}}}})
    machine = aws["stepfunctions"].describe_execution(executionArn=execution)["stateMachineArn"]

    largest = json.dumps("x" * (256 * 1024 - 2))
    assert aws["stepfunctions"].start_execution(stateMachineArn=machine, input=largest)["executionArn"]
    with pytest.raises(ClientError, match="ValidationException"):
        aws["stepfunctions"].start_execution(stateMachineArn=machine, input=json.dumps("x" * (256 * 1024 - 1)))


def test_a_stopped_execution_stays_stopped_and_closes_its_tasks(aws: Clients) -> None:
    url = queue(aws)
    execution = start(aws, one_task(callback_task(url, Catch=[FAIL_BY_NAME])))
    token = next_token(aws, url)

    aws["stepfunctions"].stop_execution(executionArn=execution, error="Unwanted")
    with pytest.raises(ClientError, match="TaskTimedOut"):
        aws["stepfunctions"].send_task_success(taskToken=token, output='"late"')

    assert ended(aws, execution)["status"] == "ABORTED"
    assert history(aws, execution)[-1]["type"] == "ExecutionAborted"


@pytest.mark.parametrize(("stop", "status"), [(False, "TIMED_OUT"), (True, "ABORTED")])
def test_an_execution_that_ends_by_force_says_so_on_the_event_bus(aws: Clients, stop: bool, status: str) -> None:
    url, seen = queue(aws), queue(aws)
    bound = {} if stop else {"TimeoutSeconds": 1}
    rule = f"rule-{status}"
    pattern = {"source": ["aws.states"], "detail": {"status": [status]}}
    rule_arn = aws["events"].put_rule(Name=rule, EventPattern=json.dumps(pattern))["RuleArn"]
    target = {"Id": "seen", "Arn": let_events_send(aws, seen, rule_arn)}
    aws["events"].put_targets(Rule=rule, Targets=[target])

    execution = start(aws, one_task(callback_task(url), **bound))
    if stop:
        next_token(aws, url)
        aws["stepfunctions"].stop_execution(executionArn=execution)

    messages = eventually(lambda: aws["sqs"].receive_message(QueueUrl=seen, WaitTimeSeconds=5).get("Messages", []))
    event = json.loads(messages[0]["Body"])
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert (event["detail"]["executionArn"], event["detail"]["status"]) == (execution, status)


def test_a_history_tells_every_state_of_every_map_iteration(aws: Clients) -> None:
    url = queue(aws)
    retry = {"ErrorEquals": ["SpotInterrupted"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2}
    branch = {
        "StartAt": "Choose",
        "States": {
            "Choose": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "Never"}], "Default": "Wait"},
            "Never": {"Type": "Fail"},
            "Wait": callback_task(url, Retry=[retry]),
        },
    }
    machine = {
        "StartAt": "Each",
        "States": {
            "Each": {"Type": "Map", "Items": "{% $states.input.items %}", "ItemProcessor": branch, "Next": "Done"},
            "Done": {"Type": "Succeed"},
        },
    }
    execution = start(aws, machine, {"items": [1, 2]})
    aws["stepfunctions"].send_task_failure(taskToken=next_token(aws, url), error="SpotInterrupted", cause="")
    for _ in range(2):
        aws["stepfunctions"].send_task_success(taskToken=next_token(aws, url), output="1")
    ended(aws, execution)

    events = history(aws, execution)
    timeline = read_timeline(events)

    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert sorted((visit.state, visit.iteration) for visit in timeline.visits if visit.iteration is not None) == [
        ("Choose", 0),
        ("Choose", 1),
        ("Wait", 0),
        ("Wait", 1),
    ]
    assert sorted(visit.retries for visit in timeline.visits if visit.state == "Wait") == [0, 1]
    assert [visit.errors for visit in timeline.visits if visit.retries] == [["SpotInterrupted"]]
    assert all(visit.exited for visit in timeline.visits)
    assert timeline.transitions == 7
    assert [event["type"] for event in events].count("TaskSubmitted") == 3


def test_a_launch_that_ecs_refuses_fails_by_the_name_of_its_exception(aws: Clients) -> None:
    launch = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.waitForTaskToken",
        "Arguments": {"TaskDefinition": f"nothing-{uuid.uuid4().hex}"},
        "End": True,
    }
    may = role(aws, "states", allow("*", "ecs:RunTask"))

    execution = start(aws, {"StartAt": "Launch", "States": {"Launch": launch}}, role_arn=may)

    assert ended(aws, execution)["error"] == "ECS.ClientException"
