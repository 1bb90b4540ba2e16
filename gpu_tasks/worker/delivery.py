"""From a drawing to a delivered image, beside the GPU's next wave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from craftspark.aws.jobs.render_table import JobEnded
from craftspark.clock import utc_now
from craftspark.jobs.job import Job, StoredImage
from gpu_tasks.activity import Activities, moved
from gpu_tasks.images.drawn import Drawn
from gpu_tasks.images.finishing import Delivered
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.patience import Patient
from gpu_tasks.worker.claim import Claim

THREADS = 2
# Images that may wait to be stored: bounds memory, and lets storing fall behind by a few waves at most.
BACKLOG = 16


class DeliveryStalled(Exception):
    """Finishing or storing an image does not get on; another worker may fare better."""


Finish = Callable[[ImageOrder, Drawn], Delivered]


class Bucket(Protocol):
    def put(self, job_id: str, index: int, *, png: bytes, thumbnail_webp: bytes, files: Mapping[str, bytes]) -> None:
        """The same image put twice is the same bytes under the same keys."""

    def drop(self, job_id: str, images: Iterable[StoredImage]) -> None:
        """Delete what is stored of images."""


class Book(Protocol):
    def add(self, job: Job, image: StoredImage) -> None:
        """Raises JobEnded."""


class Delivery:
    """Finishes, encodes and stores images on threads of its own; a claim hears of each of its images."""

    def __init__(self, *, finish: Finish, bucket: Bucket, book: Book, activities: Activities, patient: Patient) -> None:
        self._finish = finish
        self._bucket = bucket
        self._book = book
        self._activities = activities
        self._patient = patient
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="delivery")
        self._places = threading.BoundedSemaphore(BACKLOG)

    def deliver(self, claim: Claim, order: ImageOrder, drawn: Drawn, render_s: float) -> None:
        """Store an image soon; waits while too many are waiting."""
        self._places.acquire()
        self._threads.submit(self._store, claim, order, drawn, render_s)

    def close(self) -> None:
        """Wait until all is stored and answered."""
        self._threads.shutdown(wait=True)

    def _store(self, claim: Claim, order: ImageOrder, drawn: Drawn, render_s: float) -> None:
        def give_up() -> None:
            claim.failed(order.index, DeliveryStalled(f"image {order.index} was being delivered, and nothing moved"))

        try:
            with self._activities.of(f"delivery of {order.job_id}/{order.index}", give_up):
                self._deliver(claim, order, drawn, render_s)
            claim.stored(order.index)
        except Exception as error:
            claim.failed(order.index, error)
        finally:
            self._places.release()

    def _deliver(self, claim: Claim, order: ImageOrder, drawn: Drawn, render_s: float) -> None:
        done = self._finish(order, drawn)
        moved()
        self._patient.call(
            "upload of an image",
            lambda: self._bucket.put(
                order.job_id, order.index, png=done.png, thumbnail_webp=done.thumbnail_webp, files=done.files
            ),
        )
        moved()
        image = StoredImage(
            index=order.index,
            width=done.width,
            height=done.height,
            render_s=render_s,
            stored_at=utc_now(),
            seed=drawn.seed,
            alpha=done.alpha,
            files=tuple(done.files),
            scores=done.scores,
        )
        try:
            self._patient.call("entry of an image", lambda: self._book.add(claim.job, image))
        except JobEnded:
            # Nobody will be shown these files, and the maker may have deleted the job already.
            self._patient.call("deletion of an image", lambda: self._bucket.drop(order.job_id, [image]))
            raise
