"""A worker that ends at any moment costs no finished image: the next one renders only the others."""

from itertools import product
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.jobs.render_table import RenderTable
from craftspark.errors import SpotInterrupted
from craftspark.jobs.batches import Batch, BatchMessage, JobOrder
from craftspark.settings.interruptions import TaskEndSettings
from craftspark.settings.tasks import BatchLaunch, WorkerSettings
from gpu_tasks.worker import main
from gpu_tasks.worker.lease import Lease
from lambdas.settle_task import handler as settle_task
from tests.aws.api import Context, submit
from tests.aws.conftest import JOBS, client_of
from tests.aws.worker.gpu_worker import Tokens, counts, intake, work
from tests.fakes import FakeRenderer

TASK = "arn:aws:ecs:us-east-1:123456789012:task/fleet/one"
WAYS = ("queue", "launch")


class Killed(BaseException):
    """The end of a worker's process. No code of the worker catches it."""


class Ending(FakeRenderer):
    """Draws one wave, and then ends as `how` says: killed, with a notice during its next wave, or when it is idle."""

    wave_size = 2

    def __init__(self, how: str, lease: Lease) -> None:
        super().__init__()
        self.how, self.lease = how, lease

    def render(self, wave: Any, on_step: Any) -> Any:
        if self.how == "done" or self.waves:
            self.lease.end()  # and take no more batches
        if self.waves and self.how == "killed":
            raise Killed
        if self.waves and self.how == "notice":
            raise SpotInterrupted("no time is left for this wave")
        return super().render(wave, on_step)


@pytest.fixture(autouse=True)
def task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers run in an ECS task, and the function that settles its end knows the tables."""
    monkeypatch.setattr(main, "read_task_arn", lambda _: TASK)
    for name, value in TaskEndSettings(jobs_table=JOBS).to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Craftspark")
    for cached in (settle_task.parts, settle_task.events):
        cached.cache_clear()


def a_batch_of_four() -> Batch:
    """The batch of a new job, as its execution has it."""
    submit(count=4)
    body = client_of("sqs").receive_message(QueueUrl=intake(), MaxNumberOfMessages=1)["Messages"][0]["Body"]
    [batch] = JobOrder.parse(body).batches
    return batch


def send(batch: Batch, settings: WorkerSettings, token: str) -> None:
    message = BatchMessage(task_token=token, batch=batch)
    client_of("sqs").send_message(QueueUrl=settings.interactive_queue_url, MessageBody=message.to_text())


def run(how: str, settings: WorkerSettings, launched: Batch | None, token: str) -> list[int]:
    """Run a worker, warm or launched for a batch, until it ends. Returns the images that it drew."""
    lease = Lease(grace_s=100)
    renderer = Ending(how, lease)
    try:
        if launched:
            launch = BatchLaunch(task_token=token, batch=launched.to_text(), requested_at="2030-01-01T12:00:00Z")
            main.main(lambda _: renderer, {**settings.to_environment(), **launch.to_environment()})
        else:
            work(settings, lease, renderer)
    except Killed:
        pass
    return renderer.rendered


def stored(batch: Batch) -> set[int]:
    return set(RenderTable(client=clients.dynamodb(), jobs_table=JOBS).start(batch.job_id).images)


@pytest.mark.parametrize(("first", "second", "how"), tuple(product(WAYS, WAYS, ("killed", "notice"))))
def test_the_next_worker_renders_what_is_missing_on_every_way(
    settings: WorkerSettings,
    tokens: Tokens,
    first: str,
    second: str,
    how: str,
) -> None:
    batch = a_batch_of_four()
    if first == "queue":
        send(batch, settings, "first")
    assert run(how, settings, batch if first == "launch" else None, "first") == [0, 1]
    assert stored(batch) == {0, 1}

    # The state machine, or its next attempt, gives the batch to another worker.
    client_of("sqs").purge_queue(QueueUrl=settings.interactive_queue_url)
    if second == "queue":
        send(batch, settings, "second")
    rendered = run("done", settings, batch if second == "launch" else None, "second")

    assert rendered == [2, 3]
    assert stored(batch) == {0, 1, 2, 3}
    assert ("second", "succeeded", {"batch": 0, "rendered": [0, 1, 2, 3], "failed": []}) in tokens.answers


def test_the_message_of_a_killed_worker_is_taken_at_once_and_its_finished_images_are_kept(
    settings: WorkerSettings,
    tokens: Tokens,
) -> None:
    batch = a_batch_of_four()
    send(batch, settings, "token")
    assert run("killed", settings, None, "token") == [0, 1]
    assert counts(settings.interactive_queue_url) == (0, 1)

    detail = {
        "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/fleet",
        "taskArn": TASK,
        "group": "service:warm",
        "stopCode": "EssentialContainerExited",
        "containers": [{"exitCode": 137}],
    }
    settle_task.handler(detail, Context())

    assert counts(settings.interactive_queue_url) == (1, 0)
    assert run("done", settings, None, "token") == [2, 3]
    assert tokens.answers == [("token", "succeeded", {"batch": 0, "rendered": [0, 1, 2, 3], "failed": []})]
