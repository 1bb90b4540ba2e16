"""Task scale-in protection of the emulator: by the API, and by the agent's endpoint in a container."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from craftspark.fleet.scale_in import UNPROTECTED_AFTER_S
from gpu_tasks.worker.scale_in_protection import EXPIRES_MIN, PATH, RENEW_S, EcsAgent, ScaleInProtection
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.state import StateDir
from tests.clock import Clock
from tests.e2e.emulator.tasks.ecs import (
    delete,
    describe,
    process_of_task,
    running_task,
    said,
    service,
    task_definition,
    tasks_of,
)
from tests.e2e.front_end import HTTP
from tests.e2e.waiting import eventually


def agent(state: StateDir, task: dict[str, Any]) -> str:
    """The URL of the protection's state in the task's container."""
    environment = said(process_of_task(state, task["taskArn"]).log)["environment"]
    return f"{environment['ECS_AGENT_URI']}/task-protection/v1/state"


def two_tasks(aws: Clients, name: str) -> list[dict[str, Any]]:
    """The running tasks of a service of two, oldest first."""
    eventually(lambda: [task["lastStatus"] for task in tasks_of(aws, name)] == ["RUNNING"] * 2)
    return sorted(tasks_of(aws, name), key=lambda task: str(task["createdAt"]))


def test_scale_in_stops_the_task_that_is_not_protected(aws: Clients, emulator_state: StateDir) -> None:
    name = service(aws, "idle", desired=2)
    idle, busy = two_tasks(aws, name)  # without a protection, the newest task is stopped

    answer = HTTP.put(agent(emulator_state, busy), json={"ProtectionEnabled": True, "ExpiresInMinutes": 5})
    aws["ecs"].update_service(service=name, desiredCount=1)

    assert answer.json()["protection"]["ProtectionEnabled"] is True
    assert answer.json()["protection"]["TaskArn"] == busy["taskArn"]
    assert describe(aws, busy["taskArn"])["desiredStatus"] == "RUNNING"
    stopped = describe(aws, idle["taskArn"])
    assert (stopped["desiredStatus"], stopped["stopCode"]) == ("STOPPED", "ServiceSchedulerInitiated")
    assert stopped["stoppedReason"].startswith("Scaling activity initiated by (deployment ecs-svc/")
    delete(aws, name)


def test_a_protected_task_outlasts_a_scale_in_to_none_until_its_protection_ends(
    aws: Clients, emulator_state: StateDir
) -> None:
    name = service(aws, "idle")
    task = running_task(aws, name)
    url = agent(emulator_state, task)
    HTTP.put(url, json={"ProtectionEnabled": True})

    aws["ecs"].update_service(service=name, desiredCount=0)
    kept = describe(aws, task["taskArn"])["desiredStatus"]
    protection = HTTP.get(url).json()["protection"]
    HTTP.put(url, json={"ProtectionEnabled": False})

    assert kept == "RUNNING"
    assert protection["ProtectionEnabled"] is True
    assert datetime.fromisoformat(protection["ExpirationDate"]) > datetime.now(UTC) + timedelta(minutes=100)
    assert describe(aws, task["taskArn"])["desiredStatus"] == "STOPPED"
    delete(aws, name)


def test_a_worker_renews_its_protection_in_a_long_wave_and_clears_it_without_work(
    aws: Clients, emulator_state: StateDir
) -> None:
    name = service(aws, "idle")
    url = agent(emulator_state, running_task(aws, name))
    clock, waves = Clock(), [True, True, False]
    protection = ScaleInProtection(EcsAgent(url.removesuffix(PATH)), busy=waves.pop, now=clock)
    waves.reverse()

    seen = []
    for seconds in (0.0, RENEW_S, UNPROTECTED_AFTER_S):
        clock.now += seconds
        protection.run_round()
        seen.append(HTTP.get(url).json()["protection"])

    assert [each["ProtectionEnabled"] for each in seen] == [True, True, False]
    first, renewed = (datetime.fromisoformat(each["ExpirationDate"]) for each in seen[:2])
    assert first < renewed < datetime.now(UTC) + timedelta(minutes=EXPIRES_MIN)
    delete(aws, name)


def test_stop_task_and_the_end_of_a_service_stop_protected_tasks(aws: Clients) -> None:
    name = service(aws, "idle", desired=2)
    first, second = (task["taskArn"] for task in two_tasks(aws, name))
    answer = aws["ecs"].update_task_protection(cluster="default", tasks=[first, second], protectionEnabled=True)

    aws["ecs"].stop_task(task=first)
    delete(aws, name)

    assert [each["protectionEnabled"] for each in answer["protectedTasks"]] == [True, True]
    assert {describe(aws, arn)["desiredStatus"] for arn in (first, second)} == {"STOPPED"}


def test_a_task_of_no_service_cannot_be_protected(aws: Clients, emulator_state: StateDir) -> None:
    arn = aws["ecs"].run_task(taskDefinition=task_definition(aws, "idle"))["tasks"][0]["taskArn"]
    eventually(lambda: describe(aws, arn)["lastStatus"] == "RUNNING")
    task = describe(aws, arn)

    answer = HTTP.put(agent(emulator_state, task), json={"ProtectionEnabled": True})

    assert answer.json() == {"failure": {"Arn": arn, "Reason": "TASK_NOT_VALID", "Detail": None}}
    missing = aws["ecs"].get_task_protection(cluster="default", tasks=["0" * 32])
    assert [failure["reason"] for failure in missing["failures"]] == ["MISSING"]
    aws["ecs"].stop_task(task=arn)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ProtectionEnabled": "yes"}', b'{"ExpiresInMinutes": 5}'])
def test_the_agent_rejects_a_malformed_request(aws: Clients, emulator_state: StateDir, body: bytes) -> None:
    name = service(aws, "idle")
    url = agent(emulator_state, running_task(aws, name))

    answer = HTTP.put(url, content=body)

    assert (answer.status_code, answer.json()["error"]["Code"]) == (400, "InvalidParameterException")
    assert HTTP.get(url).json()["protection"]["ProtectionEnabled"] is False
    assert HTTP.get(url.replace("/api/", "/api/unknown")).status_code == 404
    delete(aws, name)


def test_a_protection_lasts_from_a_minute_to_two_days(aws: Clients) -> None:
    for minutes in (0, 2881):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            aws["ecs"].update_task_protection(
                cluster="default", tasks=["0" * 32], protectionEnabled=True, expiresInMinutes=minutes
            )
