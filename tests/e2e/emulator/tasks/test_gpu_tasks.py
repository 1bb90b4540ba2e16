"""The contract of GPU tasks as local processes: the behaviour of ECS with their containers."""

import os
import signal
import time
import uuid
from pathlib import Path
from typing import Any

from local_cloud.emulator.tasks.slots import slot_count
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.state import StateDir
from local_cloud.launcher.task_records import running_tasks
from tests.e2e.emulator.tasks.ecs import delete, describe, process_of, running, said, service, task_definition
from tests.e2e.processes import alive
from tests.e2e.waiting import eventually

STOP_TIMEOUT_S = 2


def test_a_service_runs_its_image_as_a_process_that_sees_no_aws_configuration(
    aws: Clients, emulator_state: StateDir
) -> None:
    name = service(aws, "idle")
    environment = said(running(emulator_state, name).log)["environment"]
    delete(aws, name)

    assert environment["CRAFTSPARK_MODEL"] == "one"
    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint
    assert environment["AWS_CONFIG_FILE"] == os.devnull
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")  # a session of the task's role
    assert environment["AWS_SESSION_TOKEN"] != "real"
    assert not {"AWS_PROFILE", "HTTP_PROXY"} & environment.keys()


def test_a_killed_process_of_a_service_is_replaced(aws: Clients, emulator_state: StateDir) -> None:
    name = service(aws, "idle")
    first = running(emulator_state, name)

    os.kill(first.pid, signal.SIGKILL)
    second = eventually(lambda: (found := process_of(emulator_state, name)) and found.pid != first.pid and found)

    assert second
    delete(aws, name)


def test_a_service_of_no_tasks_stops_its_process_in_order(aws: Clients, emulator_state: StateDir) -> None:
    name = service(aws, "idle")
    process = running(emulator_state, name)

    aws["ecs"].update_service(service=name, desiredCount=0)

    eventually(lambda: not alive(process.pid))
    delete(aws, name)


def test_a_process_that_ignores_sigterm_is_killed_after_its_stop_timeout(
    aws: Clients, emulator_state: StateDir
) -> None:
    name = service(aws, "stubborn", stopTimeout=STOP_TIMEOUT_S)
    process = running(emulator_state, name)
    said(process.log)

    asked = time.monotonic()
    delete(aws, name)
    eventually(lambda: "asked to stop" in Path(process.log).read_text())
    eventually(lambda: not alive(process.pid))

    # The task had its full stop timeout. A lower limit holds on any machine.
    assert time.monotonic() - asked >= STOP_TIMEOUT_S


def test_a_process_takes_the_processes_it_started_with_it(aws: Clients, emulator_state: StateDir) -> None:
    name = service(aws, "parent")
    process = running(emulator_state, name)
    child = said(process.log)["child"]

    os.kill(process.pid, signal.SIGKILL)

    eventually(lambda: not alive(child))
    delete(aws, name)


def test_a_launched_task_gets_its_overrides_and_its_exit_code_is_reported(aws: Clients) -> None:
    override = {"name": "Worker", "environment": [{"name": "CRAFTSPARK_BATCH", "value": "{}"}]}
    run = aws["ecs"].run_task(
        taskDefinition=task_definition(aws, "broken"), overrides={"containerOverrides": [override]}
    )
    arn = run["tasks"][0]["taskArn"]

    def stopped() -> dict[str, Any] | None:
        task: dict[str, Any] = aws["ecs"].describe_tasks(tasks=[arn])["tasks"][0]
        return task if task["lastStatus"] == "STOPPED" else None

    task = eventually(stopped)
    assert task is not None
    assert task["containers"][0]["exitCode"] == 3


def test_a_launched_task_s_command_is_the_arguments_of_its_program(aws: Clients, emulator_state: StateDir) -> None:
    override = {"name": "Worker", "command": ["--with-child"]}
    run = aws["ecs"].run_task(taskDefinition=task_definition(aws, "idle"), overrides={"containerOverrides": [override]})
    task = run["tasks"][0]["taskArn"].rpartition("/")[2]

    record = eventually(lambda: next((each for each in running_tasks(emulator_state.tasks) if each.task == task), None))

    assert record is not None
    assert said(record.log)["child"]
    aws["ecs"].stop_task(task=run["tasks"][0]["taskArn"])


def test_launched_tasks_run_on_the_free_cores_in_the_order_of_run_task(aws: Clients, emulator_state: StateDir) -> None:
    definition, slots = task_definition(aws, "idle"), slot_count(service_tasks=0)
    arns = [aws["ecs"].run_task(taskDefinition=definition)["tasks"][0]["taskArn"] for _ in range(slots + 2)]
    tasks = [arn.rpartition("/")[2] for arn in arns]

    def launched() -> set[str]:
        return {task.task for task in running_tasks(emulator_state.tasks) if not task.group}

    eventually(lambda: launched() == set(tasks[:slots]))
    assert [describe(aws, arn)["lastStatus"] for arn in arns[slots:]] == ["PROVISIONING"] * 2
    aws["ecs"].stop_task(task=arns[slots])  # it waits for a slot, and must not start now
    aws["ecs"].stop_task(task=arns[0])
    eventually(lambda: launched() == {*tasks[1:slots], tasks[-1]})

    for arn in arns:
        aws["ecs"].stop_task(task=arn)
    eventually(lambda: not launched())
    assert not list((emulator_state.logs / "tasks").glob(f"*-{tasks[slots][:8]}.log"))


def test_an_image_without_a_program_fails_its_task_by_name(aws: Clients) -> None:
    run = aws["ecs"].run_task(taskDefinition=task_definition(aws, "nowhere/unknown:1"))
    arn = run["tasks"][0]["taskArn"]

    reason = eventually(lambda: aws["ecs"].describe_tasks(tasks=[arn])["tasks"][0].get("stoppedReason"))

    assert "no local command for the image nowhere/unknown:1" in reason


def test_what_a_process_prints_reaches_its_log_group(aws: Clients, emulator_state: StateDir) -> None:
    group = f"group-{uuid.uuid4().hex[:8]}"
    aws["logs"].create_log_group(logGroupName=group)
    options = {"awslogs-group": group, "awslogs-stream-prefix": "gpu", "awslogs-region": "us-east-1"}
    name = service(aws, "idle", logConfiguration={"logDriver": "awslogs", "options": options})
    running(emulator_state, name)

    events = eventually(lambda: aws["logs"].filter_log_events(logGroupName=group)["events"])

    assert "CRAFTSPARK_MODEL" in events[0]["message"]
    delete(aws, name)
