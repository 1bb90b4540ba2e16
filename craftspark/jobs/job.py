"""Jobs, their images and batches."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from craftspark.styles.releases import Pin
from craftspark.tools.lineage import Lineage
from craftspark.tools.request import MAX_SEED
from craftspark.tools.sources import Source

JOB_ID_LENGTH = 26
THUMBNAILS_LISTED = 4
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
JOB_ID_LETTERS = set(LETTERS)
LETTER_OF_BYTE = (LETTERS * 8).encode()  # by its last five bits


class JobState(StrEnum):
    """State of a job: first `queued`, then `running`, then one of the final states, which never changes."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTLY_SUCCEEDED = "partly_succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, kw_only=True)
class ImageFailure:
    """Why one image of a job was not delivered: an error name and a sentence."""

    index: int
    error: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class JobOutline:
    """The part of a job that lists show. Times are UTC. `seeds` has one seed per image, by index.

    `uncharged` is the number of delivered images that were refunded. `thumbnails` are the indexes of the first
    delivered images of a final job. `title` is the name that the maker gave it.
    """

    job_id: str
    maker: str
    tool: str
    request: dict[str, Any]
    lane: str
    seeds: tuple[int, ...]
    credits_per_image: int
    state: JobState
    created_at: datetime
    expires_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    delivered: int = 0
    uncharged: int = 0
    thumbnails: tuple[int, ...] = ()
    title: str | None = None
    images_deleted_at: datetime | None = None
    lineage: Lineage | None = None

    @property
    def remix_of(self) -> str | None:
        """The ID of the published picture that the job starts from, or None."""
        return self.lineage.parent if self.lineage else None

    @property
    def count(self) -> int:
        return len(self.seeds)

    @property
    def price(self) -> int:
        return self.credits_per_image * self.count

    @property
    def spent(self) -> int:
        """Credits charged so far; 0 before the job is final."""
        return self.credits_per_image * (self.delivered - self.uncharged)

    @property
    def refunded(self) -> int:
        return self.price - self.spent if self.state.final else 0


@dataclass(frozen=True, kw_only=True)
class Job(JobOutline):
    """One request of a maker to a tool.

    `model` is the name of the catalogue entry that does the work, a model or a network. `pool` has the workers that can
    do it. `pin` is the version of a registered style. All three are chosen at submission. `sources` are the source
    pictures, in the order of the request's `wanted_sources`. `work_s` is the time that a worker needs by the model's
    profile, and `shared_s` is the part of it that images of other jobs of the same `kind` can share. The estimates are
    those at acceptance. With `refunds_missed_subject`, which the maker's plan decided then, images that miss their
    subject are not charged. `near_identical` has the images of a final job that look nearly like an earlier one, each
    with the first such image.
    """

    model: str
    pool: str
    fingerprint: str
    deadline: datetime
    images_stored: int = 0
    failures: tuple[ImageFailure, ...] = ()
    pin: Pin | None = None
    sources: tuple[Source, ...] = ()
    kind: str = ""
    work_s: float = 0.0
    shared_s: float = 0.0
    estimated_wait_s: int = 0
    estimated_render_s: int = 0
    refunds_missed_subject: bool = False
    near_identical: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """An image in the bucket. Sizes are pixels. `render_s` is the image's share of its wave, in seconds.

    `seed` is the seed it was drawn with. `files` are the names of its other files. `scores` are measurements.
    `warning` says how it may differ from the request. `subject_missed` is true if neither of two drawings shows the
    subject. `colour_layout` is for comparisons with other images of the job:
    see `craftspark/jobs/resemblance.py`. `object_aspect` is the least height over width of the object in a cut-out.
    """

    index: int
    width: int
    height: int
    render_s: float
    stored_at: datetime
    seed: int
    alpha: bool = False
    files: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    warning: str | None = None
    subject_missed: bool = False
    colour_layout: bytes | None = None
    object_aspect: float | None = None


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """The progress of a batch: the rendered percentage of its `images`."""

    batch: int
    images: int
    percent: int


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A job with everything that is stored of it."""

    job: Job
    images: dict[int, StoredImage] = field(default_factory=dict)
    progress: tuple[BatchProgress, ...] = ()

    @property
    def available(self) -> list[StoredImage]:
        """The stored images that the maker has not deleted, by index."""
        return [] if self.job.images_deleted_at else [image for _, image in sorted(self.images.items())]

    @property
    def uncharged(self) -> frozenset[int]:
        """The stored images, by index, that the job refunds at its end because they miss their subject."""
        if not self.job.refunds_missed_subject:
            return frozenset()
        return frozenset(index for index, image in self.images.items() if image.subject_missed)

    @property
    def done_share(self) -> float:
        """The completed share of the job, 0 to 1."""
        if self.job.state.final:
            return 1.0
        under_way = sum(batch.images * batch.percent / 100 for batch in self.progress)
        return min(1.0, max(len(self.images), under_way) / self.job.count)


def job_id_of(maker: str, idempotency_key: str) -> str:
    """The id of the job for this maker and key, which is the same every time."""
    digest = hashlib.sha256(f"{len(maker)}:{maker}:{idempotency_key}".encode()).digest()
    return digest[:JOB_ID_LENGTH].translate(LETTER_OF_BYTE).decode()


def is_job_id(text: str) -> bool:
    """Whether the text has the form of a job id."""
    return len(text) == JOB_ID_LENGTH and set(text) <= JOB_ID_LETTERS


def seeds_of(job_id: str, first: int | None, count: int) -> tuple[int, ...]:
    """One seed per image. Without a first seed, seeds are derived from the job id, so a replay uses the same seeds."""
    if first is None:
        first = int.from_bytes(hashlib.sha256(job_id.encode()).digest()[:4], "big")
    return tuple((first + index) % (MAX_SEED + 1) for index in range(count))


def images_prefix(job_id: str) -> str:
    """The key prefix of all files of a job in the images bucket."""
    return f"images/{job_id}/"


def image_key(job_id: str, index: int) -> str:
    """The key of an image in the images bucket."""
    return f"images/{job_id}/{index}.png"


def file_key(job_id: str, index: int, name: str) -> str:
    """The key of an image's additional file in the images bucket."""
    return f"images/{job_id}/{index}/{name}"


def thumbnail_key(job_id: str, index: int) -> str:
    """The key of an image's thumbnail in the images bucket."""
    return f"images/{job_id}/{index}.thumb.webp"


def keys_of(job_id: str, image: StoredImage) -> list[str]:
    """All keys of an image: the picture, its thumbnail and its other files."""
    files = [file_key(job_id, image.index, name) for name in image.files]
    return [image_key(job_id, image.index), thumbnail_key(job_id, image.index), *files]
