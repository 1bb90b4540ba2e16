"""An image whose job ended while it was stored: nobody is shown it, and nothing of it stays."""

from collections.abc import Iterable, Mapping

from craftspark.aws.jobs.render_table import JobEnded
from craftspark.jobs.batches import BatchResult
from craftspark.jobs.job import Job, StoredImage
from gpu_tasks.activity import Activities
from gpu_tasks.images.drawn import Drawn
from gpu_tasks.images.finishing import Delivered, delivered, finished
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.patience import Patient
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.delivery import Delivery
from tests.fakes import FakeTicket, a_batch, a_job
from tests.gpu.test_signs_of_life import pixels


class Bucket:
    def __init__(self) -> None:
        self.images: set[tuple[str, int]] = set()

    def put(self, job_id: str, index: int, *, png: bytes, thumbnail_webp: bytes, files: Mapping[str, bytes]) -> None:
        self.images.add((job_id, index))

    def drop(self, job_id: str, images: Iterable[StoredImage]) -> None:
        self.images -= {(job_id, image.index) for image in images}


class Book:
    """The maker cancels the job before its second image is entered."""

    def add(self, job: Job, image: StoredImage) -> None:
        if image.index > 0:
            raise JobEnded("ended")


def finish(order: ImageOrder, drawn: Drawn) -> Delivered:
    return delivered(finished(drawn))


def test_nothing_stays_in_the_bucket_of_an_image_that_came_too_late() -> None:
    bucket, job = Bucket(), a_job(seeds=(1, 2))
    ticket = FakeTicket(a_batch(job))
    claim = Claim(ticket, job, stored=())
    delivery = Delivery(finish=finish, bucket=bucket, book=Book(), activities=Activities(), patient=Patient())

    for order in claim.missing:
        delivery.deliver(claim, order, Drawn(pixels=pixels(order), seed=order.seed), 0.1)
    delivery.close()

    assert bucket.images == {(job.job_id, 0)}
    [answer] = ticket.answers
    assert isinstance(answer, BatchResult)
