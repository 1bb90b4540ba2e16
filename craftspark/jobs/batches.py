"""Batches: the images of a job that one GPU task renders together, and their messages.

An order holds a job's batches, as the intake queue and the execution carry them. It has ids and seeds, and no text from
the maker; the worker reads that from the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from craftspark.contracts import Contract
from craftspark.jobs.job import ImageFailure, Job

# The attribute of an intake message that counts how often it was sent back to the queue.
DEFERRALS = "deferrals"


@dataclass(frozen=True, kw_only=True)
class OrderedImage:
    """An image's index in its job, and its seed."""

    index: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Batch(Contract):
    """Some images of a job. `batch` is its number within the job, from 0."""

    job_id: str
    maker: str
    lane: str
    batch: int
    images: tuple[OrderedImage, ...]

    @cached_property
    def seeds(self) -> dict[int, int]:
        """Each image's seed, by its index in the job."""
        return {image.index: image.seed for image in self.images}


@dataclass(frozen=True, kw_only=True)
class BatchMessage(Contract):
    """A message of the GPU queue: a batch, and the token of the state that waits for its result."""

    task_token: str
    batch: Batch


@dataclass(frozen=True, kw_only=True)
class BatchResult(Contract):
    """The result of a batch: the indexes of stored images, and the failures of single images."""

    batch: int
    rendered: tuple[int, ...]
    failed: tuple[ImageFailure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BatchFailure(Contract):
    """A batch that failed permanently: its number, the indexes of its images, and the last error and cause."""

    batch: int
    images: tuple[int, ...]
    error: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class JobOrder(Contract):
    """A job's batches: the message of the intake queue and the input of the execution.

    `work_s` is the job's work by the profile, in seconds of one GPU.

    `queued` is true if, at submission, a worker of `pool` was awake that takes the job from the pool's queue sooner
    than a launch would start it.
    """

    job_id: str
    maker: str
    tool: str
    lane: str
    pool: str
    queued: bool
    work_s: float
    batches: tuple[Batch, ...]

    @classmethod
    def of(cls, job: Job, images_per_batch: int, *, queued: bool = False) -> Self:
        """The order of a job."""
        return cls(
            job_id=job.job_id,
            maker=job.maker,
            tool=job.tool,
            lane=job.lane,
            pool=job.pool,
            queued=queued,
            work_s=round(job.work_s, 3),
            batches=tuple(batches_of(job, images_per_batch)),
        )


def batches_of(job: Job, images_per_batch: int) -> list[Batch]:
    """A job's images in batches, in order."""
    images = [OrderedImage(index=index, seed=seed) for index, seed in enumerate(job.seeds)]
    return [
        Batch(
            job_id=job.job_id,
            maker=job.maker,
            lane=job.lane,
            batch=number,
            images=tuple(images[start : start + images_per_batch]),
        )
        for number, start in enumerate(range(0, job.count, images_per_batch))
    ]
