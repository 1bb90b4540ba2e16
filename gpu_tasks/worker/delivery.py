"""Delivery: each drawing is finished, encoded and stored while the GPU renders the next wave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from craftspark.aws.jobs.render_table import JobEnded
from craftspark.clock import utc_now
from craftspark.jobs.job import Job, StoredImage
from gpu_tasks.activity import Activities, record_activity
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.retries import Retrier
from gpu_tasks.worker.claim import Claim

THREADS = 2
# The maximum number of images that wait to be stored. It limits memory and how far storing falls behind.
BACKLOG = 16


class DeliveryStalled(Exception):
    """Finishing or storing an image makes no progress. Another worker may succeed."""


Finish = Callable[[ImageOrder, Drawing], EncodedImage]


class ImageFiles(Protocol):
    """The files of images in a bucket."""

    def put(self, job_id: str, index: int, *, png: bytes, thumbnail_webp: bytes, files: Mapping[str, bytes]) -> None:
        """Store an image. The same image always has the same bytes and the same keys."""

    def drop(self, job_id: str, images: Iterable[StoredImage]) -> None:
        """Delete the files of images."""


class ImageRecords(Protocol):
    """The entries of images in the jobs table."""

    def add(self, job: Job, image: StoredImage) -> None:
        """Enter a stored image. Raises JobEnded."""


class Delivery:
    """Finishes, encodes and stores images in its own threads, and records each outcome with its claim."""

    def __init__(
        self, *, finish: Finish, bucket: ImageFiles, images: ImageRecords, activities: Activities, retrier: Retrier
    ) -> None:
        self._finish = finish
        self._bucket = bucket
        self._images = images
        self._activities = activities
        self._retrier = retrier
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="delivery")
        self._slots = threading.BoundedSemaphore(BACKLOG)

    def deliver(self, claim: Claim, order: ImageOrder, drawing: Drawing, render_s: float) -> None:
        """Store an image in another thread. Waits while too many images wait. `render_s` is the image's share of its
        wave, in seconds.
        """
        claim.begin_delivery(order.index)
        self._slots.acquire()
        self._threads.submit(self._store, claim, order, drawing, render_s)

    def close(self) -> None:
        """Wait until all images are stored and recorded."""
        self._threads.shutdown(wait=True)

    def _store(self, claim: Claim, order: ImageOrder, drawing: Drawing, render_s: float) -> None:
        def abandon() -> None:
            claim.record_failure(order.index, DeliveryStalled(f"the delivery of image {order.index} made no progress"))

        try:
            with self._activities.track(f"delivery of {order.job_id}/{order.index}", abandon):
                self._deliver(claim, order, drawing, render_s)
            claim.record_stored(order.index)
        except Exception as error:
            claim.record_failure(order.index, error)
        finally:
            self._slots.release()

    def _deliver(self, claim: Claim, order: ImageOrder, drawing: Drawing, render_s: float) -> None:
        done = self._finish(order, drawing)
        record_activity()
        self._retrier.call(
            "upload of an image",
            lambda: self._bucket.put(
                order.job_id, order.index, png=done.png, thumbnail_webp=done.thumbnail_webp, files=done.files
            ),
        )
        record_activity()
        image = StoredImage(
            index=order.index,
            width=done.width,
            height=done.height,
            render_s=render_s,
            stored_at=utc_now(),
            seed=drawing.seed,
            alpha=done.alpha,
            files=tuple(done.files),
            scores=done.scores,
            warning=done.warning,
            subject_missed=done.subject_missed,
            colour_layout=done.colour_layout,
            object_aspect=done.object_aspect,
        )
        try:
            self._retrier.call("entry of an image", lambda: self._images.add(claim.job, image))
        except JobEnded:
            # Nobody gets a link to these files, and the maker may have deleted the job already.
            self._retrier.call("deletion of an image", lambda: self._bucket.drop(order.job_id, [image]))
            raise
