"""Faults during a job: every job ends, no image is charged twice, and no undelivered image is charged."""

import json
import os
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from craftspark.errors import RenderFailed
from craftspark.jobs.failures import REASONS
from local_cloud.faults import Fault
from local_cloud.interruptions import interrupt
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.gpu_tasks import GpuTask, read_tasks
from tests.e2e.front_end import FrontEnd, states_entered
from tests.e2e.jobs.warm_pool import start_workers, waiting
from tests.e2e.waiting import eventually


@pytest.fixture(scope="module")
def drills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which workers record their deaths and find pipes to wait for."""
    return tmp_path_factory.mktemp("drills")


@pytest.fixture(scope="module")
def drill(
    assembly: Path, drills: Path, tmp_path_factory: pytest.TempPathFactory, faults: tuple[Fault, ...]
) -> Iterator[LocalCloud]:
    """A cloud whose GPU worker follows instructions in the prompt."""
    commands = {"craftspark-gpu:local": (sys.executable, "-m", "tests.e2e.jobs.drill_worker", str(drills))}
    folder = tmp_path_factory.mktemp("drill")
    with LocalCloud.run(folder, port=0, commands=commands, assembly=assembly) as running:
        running.stop_controller()
        with running.under(*faults):
            yield running


@pytest.fixture
def front_end(drill: LocalCloud) -> FrontEnd:
    return FrontEnd(drill, drill.sign_in(f"{uuid.uuid4().hex}@craftspark.example"))


@pytest.fixture
def empty_pool(drill: LocalCloud) -> Iterator[None]:
    """There is no warm worker until the test starts some."""
    start_workers(drill, 0)
    yield
    start_workers(drill, 1)


def image_entries(cloud: LocalCloud, job_id: str) -> dict[str, Any]:
    """The complete image records of the job, by their names."""
    answer = cloud.client("dynamodb").query(
        TableName=cloud.outputs["JobsTableName"],
        KeyConditionExpression="job_id = :job_id AND begins_with(#item, :image)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":job_id": {"S": job_id}, ":image": {"S": "image#"}},
    )
    return {item["item"]["S"]: item for item in answer["Items"]}


def lines_of(cloud: LocalCloud, function: str, message: str) -> list[dict[str, Any]]:
    """The lines with this message in the log of a function, as soon as there are some."""
    name = cloud.outputs[f"{function}FunctionName"]
    group = cloud.client("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]

    def look() -> list[dict[str, Any]]:
        events = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
        lines = [json.loads(event["message"]) for event in events if event["message"].startswith("{")]
        return [line for line in lines if line.get("message") == message]

    return eventually(look) or []


def notices(cloud: LocalCloud, task: GpuTask) -> int:
    """How many notices the task's zone and family of instances have had."""
    key = {"job_id": {"S": f"workers:{task.pool}"}, "item": {"S": f"market#{task.zone}#{task.kind.partition('.')[0]}"}}
    item = cloud.client("dynamodb").get_item(TableName=cloud.outputs["JobsTableName"], Key=key)["Item"]
    return int(item["notices"]["N"])


def test_a_worker_killed_during_a_batch_loses_no_image_and_no_credit(drill: LocalCloud, front_end: FrontEnd) -> None:
    job_id = front_end.accepted("die", count=4)
    before = eventually(lambda: image_entries(drill, job_id))

    job = front_end.ended(job_id)

    after = image_entries(drill, job_id)
    assert (job["state"], job["delivered"]) == ("succeeded", 4)
    assert {name: after[name] for name in before} == before
    assert front_end.balance() == (4, 0, 4)
    # The message became visible again without an action of the state machine.
    assert states_entered(drill, job_id).count("Hand to the draw pool") == 1
    released = [
        (line["batches"], line["stop_code"], line["exit_code"])
        for line in lines_of(drill, "SettleTask", "work of a task released")
    ]
    assert (1, "EssentialContainerExited", 128 + signal.SIGKILL) in released


def test_an_idle_worker_that_is_killed_is_replaced(drill: LocalCloud, front_end: FrontEnd) -> None:
    worker, *_ = eventually(lambda: [each for each in drill.workers() if each.group])

    os.kill(worker.pid, signal.SIGKILL)

    assert front_end.ended(front_end.accepted(count=1))["state"] == "succeeded"


def test_a_message_that_always_fails_ends_in_the_dead_letters_and_the_job_is_refunded(
    drill: LocalCloud, front_end: FrontEnd
) -> None:
    job = front_end.ended(front_end.accepted("break", count=2))

    assert (job["state"], job["images"][0]["error"]) == ("failed", "RenderFailed")
    assert job["images"][0]["reason"] == REASONS[RenderFailed]
    assert front_end.balance() == (0, 0, 0)
    eventually(lambda: waiting(drill, "GpuDrawInteractiveDeadLetterQueueUrl") == (1, 0))
    letter = drill.client("sqs").receive_message(
        QueueUrl=drill.outputs["GpuDrawInteractiveDeadLetterQueueUrl"], AttributeNames=["ApproximateReceiveCount"]
    )["Messages"][0]
    assert json.loads(letter["Body"])["batch"]["job_id"] == job["job_id"]
    assert states_entered(drill, job["job_id"])[-1] == "Job failed"


@pytest.mark.usefixtures("empty_pool")
def test_two_workers_with_the_same_message_make_one_set_of_images(drill: LocalCloud, front_end: FrontEnd) -> None:
    job_id = front_end.accepted(count=4)
    eventually(lambda: waiting(drill, "GpuDrawInteractiveQueueUrl") == (1, 0))
    sqs, queue = drill.client("sqs"), drill.outputs["GpuDrawInteractiveQueueUrl"]
    message = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"][0]
    sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])

    start_workers(drill, 2)
    job = front_end.ended(job_id)

    assert (job["state"], job["delivered"]) == ("succeeded", 4)
    assert len(image_entries(drill, job_id)) == 4
    eventually(lambda: waiting(drill, "GpuDrawInteractiveQueueUrl") == (0, 0))
    assert front_end.balance() == (4, 0, 4)


@pytest.mark.usefixtures("empty_pool")
def test_a_job_cancelled_in_the_queue_is_refunded_immediately_and_never_rendered(
    drill: LocalCloud, front_end: FrontEnd
) -> None:
    job_id = front_end.accepted(count=4)
    eventually(lambda: waiting(drill, "GpuDrawInteractiveQueueUrl") == (1, 0))

    answer = front_end.call("POST", f"/v1/jobs/{job_id}/cancel")

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert front_end.balance() == (0, 0, 0)
    start_workers(drill, 1)
    assert states_entered(drill, job_id)[-1] == "Job delivered"
    assert image_entries(drill, job_id) == {}
    assert front_end.balance() == (0, 0, 0)


def test_a_job_cancelled_during_rendering_is_charged_for_stored_images(
    drill: LocalCloud, front_end: FrontEnd, drills: Path
) -> None:
    pipe = drills / "go"
    os.mkfifo(pipe)
    job_id = front_end.accepted(f"hold {pipe.name}", count=8)
    eventually(lambda: image_entries(drill, job_id))

    cancelled = front_end.call("POST", f"/v1/jobs/{job_id}/cancel").json()
    writer = os.open(pipe, os.O_RDWR)  # lets a worker continue that has opened the pipe, and waits for none
    pipe.unlink()
    os.close(writer)

    assert states_entered(drill, job_id)[-1] == "Job delivered"
    assert 0 < cancelled["delivered"] < 8
    assert front_end.read(job_id)["delivered"] == cancelled["delivered"] == len(image_entries(drill, job_id))
    assert front_end.balance() == (cancelled["delivered"], 0, cancelled["delivered"])


@pytest.mark.usefixtures("empty_pool")
def test_an_execution_that_an_operator_stops_settles_its_job(drill: LocalCloud, front_end: FrontEnd) -> None:
    job_id = front_end.accepted(count=2)
    eventually(lambda: waiting(drill, "GpuDrawInteractiveQueueUrl")[0] == 1)

    drill.client("stepfunctions").stop_execution(executionArn=drill.execution_arn(job_id))

    job = front_end.ended(job_id)
    assert (job["state"], job["images"][0]["error"]) == ("failed", "ExecutionEnded")
    assert front_end.balance() == (0, 0, 0)


@pytest.mark.usefixtures("empty_pool")
def test_a_stopped_worker_returns_its_batch(drill: LocalCloud, front_end: FrontEnd) -> None:
    start_workers(drill, 1)
    job_id = front_end.accepted(count=8)
    eventually(lambda: image_entries(drill, job_id))

    start_workers(drill, 0)
    start_workers(drill, 1)

    job = front_end.ended(job_id)
    assert (job["state"], job["delivered"]) == ("succeeded", 8)
    assert front_end.balance() == (8, 0, 8)


def test_a_notice_drains_the_worker_and_another_one_renders_only_the_rest(
    drill: LocalCloud, front_end: FrontEnd
) -> None:
    job_id = front_end.accepted(count=8)
    before = eventually(lambda: image_entries(drill, job_id))
    [task] = [task for task in read_tasks(drill) if task.service and task.state == "running"]

    interrupt(drill, task.task)

    job = front_end.ended(job_id)
    after = image_entries(drill, job_id)
    assert (job["state"], job["delivered"], front_end.balance()) == ("succeeded", 8, (8, 0, 8))
    assert {name: after[name] for name in before} == before
    [line] = lines_of(drill, "DrainInstance", "instance interrupted")
    assert (line["instance"], line["pool"], line["drained"]) == (task.instance, "draw", True)
    assert notices(drill, task) == 1
    eventually(lambda: task.task not in {each.task for each in read_tasks(drill)})
