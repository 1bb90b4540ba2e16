"""ECS of the emulator: services and tasks with images of the tests' own programs, their processes and their events."""

import json
import uuid
from pathlib import Path
from typing import Any

from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.state import StateDir
from local_cloud.launcher.task_records import TaskRecord, running_tasks
from tests.e2e.emulator.roles import allow, let_events_send, role
from tests.e2e.waiting import eventually


def task_definition(aws: Clients, image: str, **container: Any) -> str:
    """The ARN of a task definition whose container runs one of the tests' programs."""
    defined = aws["ecs"].register_task_definition(
        family=f"family-{uuid.uuid4().hex[:8]}",
        taskRoleArn=role(aws, "ecs-tasks", allow("*", "ecs:GetTaskProtection", "ecs:UpdateTaskProtection")),
        containerDefinitions=[
            {
                "name": "Worker",
                "image": image,
                "memory": 128,
                "environment": [{"name": "CRAFTSPARK_MODEL", "value": "one"}],
                **container,
            }
        ],
    )
    return str(defined["taskDefinition"]["taskDefinitionArn"])


def service(aws: Clients, image: str, *, desired: int = 1, least_percent: int = 100, **container: Any) -> str:
    """The name of a service. With `least_percent` 0, its tasks may stop before their replacements run."""
    name = f"service-{uuid.uuid4().hex[:8]}"
    aws["ecs"].create_service(
        serviceName=name,
        taskDefinition=task_definition(aws, image, **container),
        desiredCount=desired,
        deploymentConfiguration={"minimumHealthyPercent": least_percent, "maximumPercent": 200},
    )
    return name


def delete(aws: Clients, name: str) -> None:
    aws["ecs"].delete_service(service=name, force=True)


def process_of(state: StateDir, name: str) -> TaskRecord | None:
    return next((task for task in running_tasks(state.tasks) if task.group == f"service:{name}"), None)


def running(state: StateDir, name: str) -> TaskRecord:
    """The process of a service's task, as soon as there is one."""
    found = eventually(lambda: process_of(state, name))
    assert found is not None
    return found


def process_of_task(state: StateDir, arn: str) -> TaskRecord:
    """The process of a task, as soon as there is one."""
    found = eventually(lambda: next((each for each in running_tasks(state.tasks) if arn.endswith(each.task)), None))
    assert found is not None
    return found


def said(log: str) -> dict[str, Any]:
    """What the program of a task printed first."""
    line = eventually(lambda: Path(log).read_text().partition("\n")[0])
    told: dict[str, Any] = json.loads(line)
    return told


def tasks_of(aws: Clients, name: str) -> list[dict[str, Any]]:
    """The tasks of a service that are to run."""
    arns = aws["ecs"].list_tasks(serviceName=name)["taskArns"]
    return list(aws["ecs"].describe_tasks(tasks=arns)["tasks"]) if arns else []


def running_task(aws: Clients, name: str) -> dict[str, Any]:
    """The first task of a service that runs."""
    found = eventually(lambda: next((task for task in tasks_of(aws, name) if task["lastStatus"] == "RUNNING"), None))
    assert found is not None
    return found


def describe(aws: Clients, arn: str) -> dict[str, Any]:
    return dict(aws["ecs"].describe_tasks(tasks=[arn])["tasks"][0])


class Events:
    """The events of a pattern, from now on."""

    def __init__(self, aws: Clients, pattern: dict[str, Any]) -> None:
        self._sqs, name = aws["sqs"], f"events-{uuid.uuid4().hex[:8]}"
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        rule = aws["events"].put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
        arn = let_events_send(aws, self._url, rule)
        aws["events"].put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        self.seen: list[dict[str, Any]] = []

    def receive(self) -> list[dict[str, Any]]:
        """All events so far, in the order of their arrival."""
        messages = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            self.seen.append(json.loads(message["Body"]))
        return self.seen
