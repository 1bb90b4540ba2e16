import json
import os
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import EndpointConnectionError

from craftspark.aws import clients
from craftspark.aws.fleet.taken_batches import TakenBatches
from craftspark.aws.jobs.render_table import RenderTable
from craftspark.aws.jobs.speed import read_pool
from craftspark.errors import DeviceLost, UnsafeContent
from craftspark.fleet.interruptions.task_ends import ExitCode, TakenBatch
from craftspark.jobs.batches import BatchMessage, JobOrder
from craftspark.settings.jobs import SubmitSettings
from craftspark.settings.tasks import BatchLaunch, WorkerSettings
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, Svg, encode_image, finish_unchanged
from gpu_tasks.retries import Backoff, Retrier
from gpu_tasks.worker import main
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.wave_queue import Renderer
from tests.aws.api import read, submit
from tests.aws.conftest import IMAGES, JOBS, client_of
from tests.fakes import WORKER_SETTINGS, FakeRenderer


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


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Tokens:
    tokens = Tokens()
    monkeypatch.setattr(clients, "stepfunctions", lambda: tokens)
    return tokens


@pytest.fixture
def dead_letters(aws: None) -> str:
    return str(client_of("sqs").create_queue(QueueName="dead")["QueueUrl"])


@pytest.fixture
def settings(submit_settings: SubmitSettings, images_bucket: str, dead_letters: str) -> WorkerSettings:
    sqs = client_of("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    interactive, bulk = (
        sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})["QueueUrl"]
        for name in ("interactive", "bulk")
    )
    return replace(
        WORKER_SETTINGS,
        jobs_table=JOBS,
        images_bucket=images_bucket,
        interactive_queue_url=interactive,
        bulk_queue_url=bulk,
        stop_grace_s=100,
    )


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


def test_a_message_becomes_images_and_one_answer(settings: WorkerSettings, tokens: Tokens) -> None:
    job_id = send(settings)
    lease = Lease(grace_s=100)

    work(settings, lease, OneTurn(lease, wave_size=2))

    assert tokens.answers == [("token", "succeeded", {"batch": 0, "rendered": [0, 1], "failed": []})]
    assert counts(settings.interactive_queue_url) == (0, 0)
    keys = {item["Key"] for item in client_of("s3").list_objects_v2(Bucket=IMAGES)["Contents"]}
    assert keys == {f"images/{job_id}/{index}{end}" for index in (0, 1) for end in (".png", ".thumb.webp")}


def test_a_worker_of_ecs_has_its_messages_on_record_while_it_renders_and_none_at_its_end(
    settings: WorkerSettings, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:task/fleet/one"
    monkeypatch.setattr(main, "read_task_arn", lambda _: arn)
    taken = TakenBatches(client=clients.dynamodb(), jobs_table=JOBS)
    recorded, write = threading.Event(), TakenBatches.write

    def write_and_tell(self: TakenBatches, task: str, batches: Iterable[TakenBatch]) -> None:
        write(self, task, batches)
        recorded.set()

    monkeypatch.setattr(TakenBatches, "write", write_and_tell)
    seen: list[tuple[TakenBatch, ...]] = []

    class Looking(OneTurn):
        def render(self, wave: Any, on_step: Any) -> Any:
            assert recorded.wait(10)
            seen.append(taken.read(arn))
            return super().render(wave, on_step)

    send(settings)
    lease = Lease(grace_s=100)

    work(settings, lease, Looking(lease, wave_size=2))

    [[batch]] = seen
    assert batch.queue_url == settings.interactive_queue_url
    assert taken.read(arn) == ()


def copy_message(settings: WorkerSettings) -> None:
    """Send a copy of the message that is in the GPU queue."""
    sqs = client_of("sqs")
    message = sqs.receive_message(QueueUrl=settings.interactive_queue_url, VisibilityTimeout=0)["Messages"][0]
    sqs.send_message(QueueUrl=settings.interactive_queue_url, MessageBody=message["Body"])


def test_two_workers_with_the_same_message_make_one_set_of_images(settings: WorkerSettings, tokens: Tokens) -> None:
    send(settings)
    copy_message(settings)
    first_lease, second_lease = Lease(grace_s=100), Lease(grace_s=100)
    first, second = OneTurn(first_lease, wave_size=2), FakeRenderer(wave_size=2)
    work(replace(settings, gpu_queue_visibility_s=1), first_lease, first)

    tokens.forgotten.add("token")
    settled = threading.Timer(3, second_lease.end)
    settled.start()
    work(settings, second_lease, second)

    assert first.rendered == [0, 1]
    assert second.rendered == []
    assert len(tokens.answers) == 1
    assert counts(settings.interactive_queue_url) == (0, 0)


class AlwaysBroken(FakeRenderer):
    """Raises an error in every wave, and ends the lease in the third."""

    def __init__(self, lease: Lease) -> None:
        super().__init__()
        self.lease, self.tries = lease, 0

    def render(self, wave: Any, on_step: Any) -> Any:
        self.tries += 1
        if self.tries == 3:
            self.lease.end()
        raise RuntimeError("the kernel crashed")


def test_a_message_that_always_fails_goes_to_the_dead_letters_after_three_receives(
    settings: WorkerSettings, tokens: Tokens, dead_letters: str
) -> None:
    send(settings, count=1)
    lease = Lease(grace_s=100)
    renderer = AlwaysBroken(lease)

    work(settings, lease, renderer)
    client_of("sqs").receive_message(QueueUrl=settings.interactive_queue_url)

    assert renderer.tries == 3
    assert [(kind, cause) for _, kind, cause in tokens.answers] == [
        ("RenderFailed", "RuntimeError: the kernel crashed")
    ]
    assert counts(settings.interactive_queue_url) == (0, 0)
    assert counts(dead_letters) == (1, 0)


def test_an_interrupted_worker_keeps_what_is_stored_and_gives_the_rest_back(
    settings: WorkerSettings, tokens: Tokens
) -> None:
    job_id = send(settings, count=4)
    lease = Lease(grace_s=1)

    work(settings, lease, OneTurn(lease, wave_size=2))

    assert [kind for _, kind, _ in tokens.answers] == ["SpotInterrupted"]
    assert counts(settings.interactive_queue_url) == (0, 0)
    assert set(RenderTable(client=clients.dynamodb(), jobs_table=JOBS).start(job_id).images) == {0, 1}


def test_a_worker_reads_the_model_that_submission_wrote(settings: WorkerSettings, tokens: Tokens) -> None:
    job_id = send(settings)

    record = RenderTable(client=clients.dynamodb(), jobs_table=JOBS).start(job_id)

    assert record.job.model == "craftspark-clipart-128"


def test_a_message_that_is_no_batch_stays_for_the_dead_letters(settings: WorkerSettings, tokens: Tokens) -> None:
    client_of("sqs").send_message(QueueUrl=settings.interactive_queue_url, MessageBody="garbage")
    send(settings)
    lease = Lease(grace_s=100)

    work(settings, lease, OneTurn(lease))

    assert [kind for _, kind, _ in tokens.answers] == ["succeeded"]
    assert counts(settings.interactive_queue_url) == (0, 1)


def test_a_launched_task_renders_its_one_batch_and_ends(settings: WorkerSettings, tokens: Tokens) -> None:
    code = main.main(lambda _: FakeRenderer(), launched(settings))

    assert code == ExitCode.DONE
    assert tokens.answers == [("launched", "succeeded", {"batch": 0, "rendered": [0, 1], "failed": []})]


def test_a_launched_task_takes_more_batches_until_it_is_idle(settings: WorkerSettings, tokens: Tokens) -> None:
    environment = launched(settings)
    send(settings, token="next")

    code = main.main(lambda _: FakeRenderer(), {**environment, "CRAFTSPARK_IDLE_S": "1"})

    assert code == ExitCode.DONE
    assert {(token, kind) for token, kind, _ in tokens.answers} == {("launched", "succeeded"), ("next", "succeeded")}
    assert counts(settings.interactive_queue_url)[0] == 0
    assert read_pool(clients.dynamodb(), JOBS, settings.pool, time.time())[0].awake == 0


def test_a_worker_takes_interactive_batches_first(settings: WorkerSettings, tokens: Tokens) -> None:
    bulk, interactive = send(settings, lane="bulk"), send(settings)
    lease = Lease(grace_s=100)
    renderer = OneTurn(lease, turns=2)

    work(settings, lease, renderer)

    assert [wave[0][0] for wave in renderer.waves] == [interactive, bulk]
    assert counts(settings.bulk_queue_url) == (0, 0)


def test_a_launched_task_goes_on_with_both_lanes(settings: WorkerSettings, tokens: Tokens) -> None:
    environment = launched(settings)
    bulk, interactive = send(settings, lane="bulk"), send(settings)
    renderer = FakeRenderer()

    main.main(lambda _: renderer, {**environment, "CRAFTSPARK_IDLE_S": "1"})

    assert [wave[0][0] for wave in renderer.waves[1:]] == [interactive, bulk]


def test_a_launched_task_whose_machine_is_taken_back_takes_no_more(settings: WorkerSettings, tokens: Tokens) -> None:
    environment = launched(settings)
    send(settings, token="next")

    class Reclaimed(FakeRenderer):
        def render(self, wave: Any, on_step: Any) -> Any:
            os.kill(os.getpid(), signal.SIGTERM)
            return super().render(wave, on_step)

    main.main(lambda _: Reclaimed(wave_size=1), {**environment, "CRAFTSPARK_IDLE_S": "60"})

    assert [token for token, _, _ in tokens.answers] == ["launched"]
    assert counts(settings.interactive_queue_url)[0] == 1


def test_a_launched_task_without_its_model_says_so(settings: WorkerSettings, tokens: Tokens) -> None:
    from gpu_tasks.renderers.loading import load_worker_renderer

    environment = {**launched(settings), "CRAFTSPARK_TOOLS": '{"picture": "knitting-xl"}'}

    assert main.main(load_worker_renderer, environment) == ExitCode.MODEL_MISSING
    assert [kind for _, kind, _ in tokens.answers] == ["ModelUnavailable"]


def test_what_is_stored_is_the_picture(settings: WorkerSettings, tokens: Tokens) -> None:
    import io

    from PIL import Image

    job_id = send(settings, count=1)
    lease = Lease(grace_s=100)
    work(settings, lease, OneTurn(lease))

    body = client_of("s3").get_object(Bucket=IMAGES, Key=f"images/{job_id}/0.png")
    pixels = np.asarray(Image.open(io.BytesIO(body["Body"].read())))
    assert body["ContentType"] == "image/png"
    assert pixels.shape == (8, 8, 3)


class WithFiles(OneTurn):
    """Finishes each image with an additional file, a measured score and a warning."""

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        done = replace(finish_unchanged(drawing), files={"cut.svg": Svg(text="<svg/>")}, scores={"seam": 1.25})
        return replace(encode_image(done), warning="its seam is visible")


@pytest.mark.usefixtures("read_settings")
def test_files_and_scores_of_an_image_are_stored_and_answered(settings: WorkerSettings, tokens: Tokens) -> None:
    job_id = send(settings, count=1)
    lease = Lease(grace_s=100)

    work(settings, lease, WithFiles(lease))

    [image] = read(job_id).body["images"]
    assert image["scores"] == {"seam": 1.25}
    assert image["warning"] == "its seam is visible"
    assert f"images/{job_id}/0/cut.svg?" in image["files"]["cut.svg"]
    stored = client_of("s3").get_object(Bucket=IMAGES, Key=f"images/{job_id}/0/cut.svg")
    assert (stored["Body"].read(), stored["ContentType"]) == (b"<svg/>", "image/svg+xml")


class WithoutFirst(OneTurn):
    """Rejects the first image during the next wave."""

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        if order.index == 0:
            raise UnsafeContent("no")
        return encode_image(finish_unchanged(drawing))


def test_an_image_that_proves_undeliverable_while_it_is_finished_fails_alone(
    settings: WorkerSettings, tokens: Tokens
) -> None:
    send(settings)
    lease = Lease(grace_s=100)

    work(settings, lease, WithoutFirst(lease, wave_size=2))

    failure = {"index": 0, "error": "UnsafeContent", "reason": "no"}
    assert tokens.answers == [("token", "succeeded", {"batch": 0, "rendered": [1], "failed": [failure]})]


# Faults of AWS.


class Outage:
    """Makes calls of a client fail like after the last retry of botocore. Pauses take no time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.failed: list[str] = []
        self.now = 0.0
        monkeypatch.setattr(
            Retrier,
            "backoff",
            lambda retrier, what: Backoff(
                what=what, max_retry_s=retrier.max_retry_s, pause=self.pause, now=lambda: self.now
            ),
        )

    def pause(self, seconds: float) -> bool:
        self.now += seconds
        return True

    def of(self, client: Any, name: str, times: float, error: Exception | None = None) -> None:
        """Make the next calls of this operation fail."""
        call, left = getattr(client, name), [times]

        def failing(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] >= 0:
                self.failed.append(name)
                raise error or EndpointConnectionError(endpoint_url="http://aws")
            return call(*arguments, **named)

        self.monkeypatch.setattr(client, name, failing)


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    return Outage(monkeypatch)


def workers_client(name: str) -> Any:
    return {"sqs": clients.sqs, "dynamodb": clients.dynamodb, "s3": clients.s3, "stepfunctions": clients.stepfunctions}[
        name
    ]()


@pytest.mark.parametrize(
    ("client", "call"),
    [
        ("sqs", "receive_message"),
        ("dynamodb", "query"),
        ("dynamodb", "update_item"),
        ("dynamodb", "transact_write_items"),
        ("s3", "put_object"),
        ("stepfunctions", "send_task_success"),
        ("sqs", "delete_message"),
    ],
)
@pytest.mark.parametrize("times", [1, 5])
def test_a_passing_fault_of_aws_ends_neither_the_worker_nor_a_claim(
    settings: WorkerSettings, tokens: Tokens, outage: Outage, client: str, call: str, times: int
) -> None:
    send(settings)
    lease = Lease(grace_s=100)
    outage.of(workers_client(client), call, times)

    work(settings, lease, OneTurn(lease, wave_size=2))

    assert outage.failed == [call] * times
    assert tokens.answers == [("token", "succeeded", {"batch": 0, "rendered": [0, 1], "failed": []})]
    assert counts(settings.interactive_queue_url) == (0, 0)


@pytest.mark.parametrize(("client", "call"), [("sqs", "receive_message"), ("dynamodb", "query")])
def test_an_outage_that_lasts_ends_the_worker_by_its_name(
    settings: WorkerSettings, tokens: Tokens, outage: Outage, client: str, call: str
) -> None:
    send(settings)
    outage.of(workers_client(client), call, float("inf"))

    code = main.main(lambda _: FakeRenderer(), settings.to_environment())

    assert code == ExitCode.UNREACHABLE
    assert 250 < outage.now <= 300
    assert tokens.answers == []
    assert sum(counts(settings.interactive_queue_url)) == 1


def test_a_fault_that_is_met_beside_claims_at_hand_does_not_keep_them_waiting(
    settings: WorkerSettings, tokens: Tokens, outage: Outage
) -> None:
    send(settings, token="first")
    lease = Lease(grace_s=100)
    receive, received = clients.sqs().receive_message, list[str]()

    def second_time_fails(**named: Any) -> Any:
        received.append("call")
        if len(received) == 2:
            raise EndpointConnectionError(endpoint_url="http://aws")
        return receive(**named)

    outage.monkeypatch.setattr(clients.sqs(), "receive_message", second_time_fails)

    work(settings, lease, OneTurn(lease, wave_size=8))

    assert [kind for _, kind, _ in tokens.answers] == ["succeeded"]
    assert outage.now == 0.0


def test_a_job_that_cannot_be_read_is_given_back_and_the_next_is_rendered(
    settings: WorkerSettings, tokens: Tokens, outage: Outage
) -> None:
    send(settings)
    lease = Lease(grace_s=100)
    outage.of(clients.dynamodb(), "query", 1, KeyError("an item without its fields"))

    work(settings, lease, OneTurn(lease, wave_size=2))

    assert [kind for _, kind, _ in tokens.answers] == ["succeeded"]


@pytest.mark.parametrize(
    ("client", "call"),
    [("stepfunctions", "send_task_heartbeat"), ("dynamodb", "query"), ("s3", "put_object")],
)
def test_a_launched_task_bears_passing_faults_as_well(
    settings: WorkerSettings, tokens: Tokens, outage: Outage, client: str, call: str
) -> None:
    environment = launched(settings)
    outage.of(workers_client(client), call, 3)

    code = main.main(lambda _: FakeRenderer(), environment)

    assert code == ExitCode.DONE
    assert tokens.answers == [("launched", "succeeded", {"batch": 0, "rendered": [0, 1], "failed": []})]


def test_a_launched_task_that_cannot_read_its_job_says_so_by_name(
    settings: WorkerSettings, tokens: Tokens, outage: Outage
) -> None:
    environment = launched(settings)
    outage.of(clients.dynamodb(), "query", float("inf"))

    assert main.main(lambda _: FakeRenderer(), environment) == ExitCode.UNREACHABLE
    assert [kind for _, kind, _ in tokens.answers] == ["AwsUnreachable"]


def test_a_launched_task_that_does_not_start_says_so_by_name(settings: WorkerSettings, tokens: Tokens) -> None:
    def load(_: WorkerSettings) -> Renderer:
        raise RuntimeError("no driver")

    with pytest.raises(RuntimeError):
        main.main(load, launched(settings))

    assert [kind for _, kind, _ in tokens.answers] == ["WorkerBroken"]


def test_a_launched_task_that_nobody_waits_for_loads_no_model(settings: WorkerSettings, tokens: Tokens) -> None:
    environment = launched(settings)
    tokens.forgotten.add("launched")
    loaded: list[WorkerSettings] = []

    def load(settings: WorkerSettings) -> Renderer:
        loaded.append(settings)
        return FakeRenderer()

    assert main.main(load, environment) == ExitCode.DONE
    assert loaded == []


def test_a_launched_task_whose_images_are_stored_answers_without_loading_a_model(
    settings: WorkerSettings, tokens: Tokens
) -> None:
    environment = launched(settings)
    main.main(lambda _: FakeRenderer(), environment)

    def load(_: WorkerSettings) -> Renderer:
        raise AssertionError("a model was loaded")

    assert main.main(load, {**environment, "CRAFTSPARK_TASK_TOKEN": "again"}) == ExitCode.DONE
    assert [(token, kind) for token, kind, _ in tokens.answers] == [("launched", "succeeded"), ("again", "succeeded")]


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


class Lost(OneTurn):
    """Its GPU fails in the first wave."""

    def render(self, wave: Any, on_step: Any) -> Any:
        super().render(wave, on_step)
        raise DeviceLost("an illegal memory access")


def test_a_lost_device_gives_its_claims_back_and_ends_the_worker(settings: WorkerSettings, tokens: Tokens) -> None:
    send(settings)

    code = main.main(lambda _: Lost(Lease(grace_s=1)), settings.to_environment())

    assert code == ExitCode.DEVICE_LOST
    assert tokens.answers == []
    assert counts(settings.interactive_queue_url) == (1, 0)
