"""An image whose job ended while the image was stored is never shown, and its files are deleted."""

from collections.abc import Iterable, Mapping

from craftspark.aws.jobs.render_table import JobEnded
from craftspark.jobs.batches import BatchResult
from craftspark.jobs.job import Job, StoredImage
from gpu_tasks.activity import Activities
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, encode_image, finish_unchanged
from gpu_tasks.retries import Retrier
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.delivery import Delivery
from tests.fakes import FakeHandle, a_batch, a_job
from tests.gpu.worker.test_activity import pixels


class ImageFiles:
    def __init__(self) -> None:
        self.images: set[tuple[str, int]] = set()

    def put(self, job_id: str, index: int, *, png: bytes, thumbnail_webp: bytes, files: Mapping[str, bytes]) -> None:
        self.images.add((job_id, index))

    def drop(self, job_id: str, images: Iterable[StoredImage]) -> None:
        self.images -= {(job_id, image.index) for image in images}


class ImageRecords:
    """Cancels the job before its second image is recorded."""

    def add(self, job: Job, image: StoredImage) -> None:
        if image.index > 0:
            raise JobEnded("ended")


def finish(order: ImageOrder, drawing: Drawing) -> EncodedImage:
    return encode_image(finish_unchanged(drawing))


def test_nothing_stays_in_the_bucket_of_an_image_that_came_too_late() -> None:
    bucket, job = ImageFiles(), a_job(seeds=(1, 2))
    handle = FakeHandle(a_batch(job))
    claim = Claim(handle, job, stored=())
    delivery = Delivery(finish=finish, bucket=bucket, images=ImageRecords(), activities=Activities(), retrier=Retrier())

    for order in claim.missing:
        delivery.deliver(claim, order, Drawing(pixels=pixels(order), seed=order.seed), 0.1)
    delivery.close()

    assert bucket.images == {(job.job_id, 0)}
    [answer] = handle.answers
    assert isinstance(answer, BatchResult)
