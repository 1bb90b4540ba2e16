"""A GPU worker on moto, and batches for it."""

import json
import threading
from typing import Any

from craftspark.jobs.batches import BatchMessage, JobOrder
from craftspark.settings.tasks import BatchLaunch, WorkerSettings
from gpu_tasks.worker import main
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.wave_queue import Renderer
from tests.aws.api import submit
from tests.aws.conftest import client_of
from tests.fakes import FakeRenderer


class Tokens:
    """Replaces Step Functions, which identifies its callbacks only by their tokens."""

    class exceptions:  # noqa: N801 - boto3's name
        class TaskTimedOut(Exception): ...

        class TaskDoesNotExist(Exception): ...

        class InvalidToken(Exception): ...

    def __init__(self) -> None:
        self.answers: list[tuple[str, str, Any]] = []
        self.forgotten: set[str] = set()
        self.on_answer = threading.Event()

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803 - boto3's names
        self._answer(taskToken, "succeeded", json.loads(output))

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> None:  # noqa: N803
        self._answer(taskToken, error, cause)

    def send_task_heartbeat(self, *, taskToken: str) -> None:  # noqa: N803
        if taskToken in self.forgotten:
            raise self.exceptions.TaskTimedOut

    def _answer(self, token: str, kind: str, value: Any) -> None:
        if token in self.forgotten:
            raise self.exceptions.TaskTimedOut
        self.answers.append((token, kind, value))
        self.on_answer.set()


def send(settings: WorkerSettings, count: int = 2, token: str = "token", lane: str = "interactive") -> str:
    """Submit a job and send its batch to the GPU queue of its lane, like the state machine."""
    submit(count=count, lane=lane)
    body = client_of("sqs").receive_message(QueueUrl=intake(), MaxNumberOfMessages=1)["Messages"][0]["Body"]
    [batch] = JobOrder.parse(body).batches
    message = BatchMessage(task_token=token, batch=batch)
    queue = settings.bulk_queue_url if lane == "bulk" else settings.interactive_queue_url
    client_of("sqs").send_message(QueueUrl=queue, MessageBody=message.to_text())
    return batch.job_id


def intake() -> str:
    return str(client_of("sqs").get_queue_url(QueueName="intake")["QueueUrl"])


class OneTurn(FakeRenderer):
    """Ends the lease after `turns` rendered or failed waves."""

    def __init__(self, lease: Lease, turns: int = 1, **how: Any) -> None:
        super().__init__(**how)
        self._lease, self._turns = lease, turns

    def render(self, wave: Any, on_step: Any) -> Any:
        self._turns -= 1
        try:
            return super().render(wave, on_step)
        finally:
            if not self._turns:
                self._lease.end()


def work(settings: WorkerSettings, lease: Lease, renderer: Renderer) -> None:
    main.work(settings, renderer, lease, None)


def counts(url: str) -> tuple[int, int]:
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes: Any = client_of("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])


def launched(settings: WorkerSettings) -> dict[str, str]:
    """The environment of a task that is launched for a batch of two images."""
    send(settings)
    message = client_of("sqs").receive_message(QueueUrl=settings.interactive_queue_url)["Messages"][0]
    batch = BatchMessage.parse(message["Body"]).batch
    return {
        **settings.to_environment(),
        **BatchLaunch(
            task_token="launched", batch=batch.to_text(), requested_at="2030-01-01T12:00:00Z"
        ).to_environment(),
    }
