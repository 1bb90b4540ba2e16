"""The worker takes messages, stores images and answers each batch once."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from craftspark.aws import clients
from craftspark.aws.fleet.taken_batches import TakenBatches
from craftspark.aws.jobs.render_table import RenderTable
from craftspark.errors import UnsafeContent
from craftspark.fleet.interruptions.task_ends import TakenBatch
from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, Svg, encode_image, finish_unchanged
from gpu_tasks.worker import main
from gpu_tasks.worker.lease import Lease
from tests.aws.api import read, settle
from tests.aws.conftest import IMAGES, JOBS, client_of
from tests.aws.worker.gpu_worker import OneTurn, Tokens, counts, send, work
from tests.fakes import FakeRenderer


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
        if batches:  # the first record, of a worker that is ready, has none
            recorded.set()

    monkeypatch.setattr(TakenBatches, "write", write_and_tell)
    seen: list[tuple[TakenBatch, ...]] = []

    class Looking(OneTurn):
        def render(self, wave: Any, on_step: Any) -> Any:
            assert recorded.wait(180)
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


def test_a_worker_takes_interactive_batches_first(settings: WorkerSettings, tokens: Tokens) -> None:
    bulk, interactive = send(settings, lane="bulk"), send(settings)
    lease = Lease(grace_s=100)
    renderer = OneTurn(lease, turns=2)

    work(settings, lease, renderer)

    assert [wave[0][0] for wave in renderer.waves] == [interactive, bulk]
    assert counts(settings.bulk_queue_url) == (0, 0)


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
        return replace(encode_image(done), warning="its seam is visible", subject_missed=True)


@pytest.mark.usefixtures("read_settings")
def test_files_and_scores_of_an_image_are_stored_and_answered(settings: WorkerSettings, tokens: Tokens) -> None:
    job_id = send(settings, count=1)
    lease = Lease(grace_s=100)

    work(settings, lease, WithFiles(lease))

    [image] = read(job_id).body["images"]
    assert image["scores"] == {"seam": 1.25}
    assert image["warning"] == "its seam is visible"
    assert RenderTable(client=clients.dynamodb(), jobs_table=JOBS).start(job_id).images[0].subject_missed
    assert f"images/{job_id}/0/cut.svg?" in image["files"]["cut.svg"]
    stored = client_of("s3").get_object(Bucket=IMAGES, Key=f"images/{job_id}/0/cut.svg")
    assert (stored["Body"].read(), stored["ContentType"]) == (b"<svg/>", "image/svg+xml")


class OneLike(OneTurn):
    """Draws an object for each image, at the same place for images 0 and 2."""

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        pixels = np.full((64, 64, 3), 255, np.uint8)
        top = 8 + 32 * (order.index % 2)
        pixels[top : top + 16, 16:48] = (200, order.index, 40)
        return encode_image(finish_unchanged(replace(drawing, pixels=pixels)))


@pytest.mark.usefixtures("read_settings")
def test_an_image_that_looks_nearly_like_an_earlier_one_says_so_when_the_job_has_ended(
    settings: WorkerSettings, tokens: Tokens
) -> None:
    job_id = send(settings, count=3)
    lease = Lease(grace_s=100)

    work(settings, lease, OneLike(lease, wave_size=3))

    assert "near_identical_to" not in read(job_id).body["images"][2]
    settle(job_id)
    images = read(job_id).body["images"]
    assert [image.get("near_identical_to") for image in images] == [None, None, 0]
    assert "number 1 of this job" in images[2]["warning"]


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
