"""The states of ECS tasks and their events, as on AWS."""

import os
import signal
import uuid
from pathlib import Path
from typing import Any

from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.state import StateDir
from tests.e2e.emulator.tasks.ecs import (
    Events,
    delete,
    describe,
    process_of,
    process_of_task,
    running,
    running_task,
    said,
    service,
    task_definition,
    tasks_of,
)
from tests.e2e.waiting import eventually

STATE_CHANGES = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]}


def states(events: Events, arn: str) -> list[tuple[str, str]]:
    """The desired and last status of a task's events."""
    changes = [event["detail"] for event in events.receive() if event["resources"] == [arn]]
    return [(detail["desiredStatus"], detail["lastStatus"]) for detail in changes]


def last_detail(events: Events, arn: str) -> dict[str, Any]:
    """The detail of the event that says that the task has stopped."""

    def look() -> dict[str, Any] | None:
        details = [event["detail"] for event in events.receive() if event["resources"] == [arn]]
        return next((detail for detail in details if detail["lastStatus"] == "STOPPED"), None)

    detail = eventually(look)
    assert detail is not None
    return detail


def test_a_stopped_task_counts_as_stopped_when_its_process_has_ended(aws: Clients, emulator_state: StateDir) -> None:
    name = service(aws, "stubborn", stopTimeout=3600)
    process, arn = running(emulator_state, name), running_task(aws, name)["taskArn"]
    said(process.log)

    aws["ecs"].update_service(service=name, desiredCount=0)
    eventually(lambda: "asked to stop" in Path(process.log).read_text())
    stopping = describe(aws, arn)
    [counted] = aws["ecs"].describe_services(services=[name])["services"]
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: describe(aws, arn)["lastStatus"] == "STOPPED")

    assert (stopping["desiredStatus"], stopping["lastStatus"]) == ("STOPPED", "STOPPING")
    assert (counted["desiredCount"], counted["runningCount"]) == (0, 1)
    assert aws["ecs"].describe_services(services=[name])["services"][0]["runningCount"] == 0
    assert process_of(emulator_state, name) is None
    assert describe(aws, arn)["containers"][0]["exitCode"] == 128 + signal.SIGKILL
    delete(aws, name)


def test_a_service_replaces_a_task_that_was_stopped_by_hand(aws: Clients, emulator_state: StateDir) -> None:
    name = service(aws, "idle")
    first = running_task(aws, name)["taskArn"]
    said(running(emulator_state, name).log)

    aws["ecs"].stop_task(task=first, reason="a test")
    eventually(
        lambda: any(task["taskArn"] != first and task["lastStatus"] == "RUNNING" for task in tasks_of(aws, name))
    )

    eventually(lambda: describe(aws, first)["lastStatus"] == "STOPPED")
    stopped = describe(aws, first)
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "a test")
    assert stopped["containers"][0]["exitCode"] == 0
    delete(aws, name)


def test_each_change_of_a_task_s_state_is_an_event(aws: Clients, emulator_state: StateDir) -> None:
    events = Events(aws, STATE_CHANGES)
    override = {"name": "Worker", "environment": [{"name": "CRAFTSPARK_BATCH", "value": "{}"}]}
    definition = task_definition(aws, "idle")
    run = aws["ecs"].run_task(taskDefinition=definition, overrides={"containerOverrides": [override]})
    arn = run["tasks"][0]["taskArn"]
    eventually(lambda: describe(aws, arn)["lastStatus"] == "RUNNING")
    said(process_of_task(emulator_state, arn).log)

    aws["ecs"].stop_task(task=arn, reason="a test")
    detail = last_detail(events, arn)

    assert states(events, arn) == [
        ("RUNNING", "PENDING"),
        ("RUNNING", "RUNNING"),
        ("STOPPED", "STOPPING"),
        ("STOPPED", "STOPPED"),
    ]
    assert detail["overrides"] == {"containerOverrides": [override]}
    assert detail["group"] == f"family:{definition.rpartition('/')[2].partition(':')[0]}"
    assert (detail["stopCode"], detail["stoppedReason"]) == ("UserInitiated", "a test")
    assert detail["containers"][0]["exitCode"] == 0
    assert {"clusterArn", "containerInstanceArn", "taskDefinitionArn", "createdAt", "startedAt", "stoppedAt"} <= {
        *detail
    }
    versions = [event["detail"]["version"] for event in events.seen if event["resources"] == [arn]]
    assert versions == sorted(set(versions))


def test_the_event_of_a_killed_process_has_its_exit_code(aws: Clients, emulator_state: StateDir) -> None:
    events = Events(aws, STATE_CHANGES)
    name = service(aws, "idle")
    arn = running_task(aws, name)["taskArn"]

    os.kill(running(emulator_state, name).pid, signal.SIGKILL)
    detail = last_detail(events, arn)

    assert (detail["stopCode"], detail["group"]) == ("EssentialContainerExited", f"service:{name}")
    assert detail["containers"][0]["exitCode"] == 128 + signal.SIGKILL
    delete(aws, name)


def test_the_event_of_a_task_that_could_not_start_says_why(aws: Clients) -> None:
    events = Events(aws, STATE_CHANGES)
    run = aws["ecs"].run_task(taskDefinition=task_definition(aws, "nowhere/unknown:1"))

    detail = last_detail(events, run["tasks"][0]["taskArn"])

    assert detail["stopCode"] == "TaskFailedToStart"
    assert "no local command for the image" in detail["stoppedReason"]


def test_a_deployment_whose_tasks_fail_is_rolled_back(aws: Clients) -> None:
    name, good, bad = f"service-{uuid.uuid4().hex[:8]}", task_definition(aws, "idle"), task_definition(aws, "broken")
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}, "minimumHealthyPercent": 0}
    aws["ecs"].create_service(
        serviceName=name,
        taskDefinition=good,
        desiredCount=1,
        deploymentConfiguration={**breaker, "maximumPercent": 200},
    )
    running_task(aws, name)

    aws["ecs"].update_service(service=name, taskDefinition=bad)

    def is_rolled_back() -> bool:
        [service] = aws["ecs"].describe_services(services=[name])["services"]
        return service["taskDefinition"] == good and any("circuit breaker" in e["message"] for e in service["events"])

    eventually(is_rolled_back)
    assert running_task(aws, name)["taskDefinitionArn"] == good
    delete(aws, name)
