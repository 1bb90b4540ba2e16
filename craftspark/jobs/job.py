"""Jobs, their images and batches."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from craftspark.styles.releases import Pin
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
    """Why one image of a job was not delivered: a named error and a sentence."""

    index: int
    error: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class JobOutline:
    """What a list shows of a job. Times are UTC; `seeds` holds one seed an image, by index.

    `thumbnails` are the indexes of the first delivered images, once the job is final. `title` is the maker's own name
    for it.
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
    thumbnails: tuple[int, ...] = ()
    title: str | None = None
    images_deleted_at: datetime | None = None

    @property
    def count(self) -> int:
        return len(self.seeds)

    @property
    def price(self) -> int:
        return self.credits_per_image * self.count

    @property
    def spent(self) -> int:
        """Credits charged so far: none before the job is final."""
        return self.credits_per_image * self.delivered

    @property
    def refunded(self) -> int:
        return self.price - self.spent if self.state.final else 0


@dataclass(frozen=True, kw_only=True)
class Job(JobOutline):
    """One request of a maker to a tool.

    `pin` is the version of a registered style that draws it, chosen at submission, `source` the picture it begins from.
    `work_s` is how long a worker is busy with it by the model's profile, `shared_s` the part of it that images of other
    jobs of the same `kind` can share; the estimates are those that it was accepted with.
    """

    fingerprint: str
    deadline: datetime
    images_stored: int = 0
    failures: tuple[ImageFailure, ...] = ()
    pin: Pin | None = None
    source: Source | None = None
    kind: str = ""
    work_s: float = 0.0
    shared_s: float = 0.0
    estimated_wait_s: int = 0
    estimated_render_s: int = 0


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """An image that is in the bucket. Sizes are pixels, `render_s` is the image's share of its wave, in seconds.

    `seed` drew it. `files` are the names of those beside it, `scores` what was measured.
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


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """How far a batch has come: the share of its `images` that is rendered, in percent."""

    batch: int
    images: int
    percent: int


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A job with all that is stored of it."""

    job: Job
    images: dict[int, StoredImage] = field(default_factory=dict)
    progress: tuple[BatchProgress, ...] = ()

    @property
    def done_share(self) -> float:
        """The share of the job that is done, 0 to 1."""
        if self.job.state.final:
            return 1.0
        under_way = sum(batch.images * batch.percent / 100 for batch in self.progress)
        return min(1.0, max(len(self.images), under_way) / self.job.count)


def job_id_of(maker: str, idempotency_key: str) -> str:
    """The id of the job that this maker asks for with this key: the same every time."""
    digest = hashlib.sha256(f"{len(maker)}:{maker}:{idempotency_key}".encode()).digest()
    return digest[:JOB_ID_LENGTH].translate(LETTER_OF_BYTE).decode()


def is_job_id(text: str) -> bool:
    """Whether a job can have this id."""
    return len(text) == JOB_ID_LENGTH and set(text) <= JOB_ID_LETTERS


def seeds_of(job_id: str, first: int | None, count: int) -> tuple[int, ...]:
    """One seed an image; drawn from the job id where the maker gave none, so that a replay draws the same."""
    if first is None:
        first = int.from_bytes(hashlib.sha256(job_id.encode()).digest()[:4], "big")
    return tuple((first + index) % (MAX_SEED + 1) for index in range(count))


def images_prefix(job_id: str) -> str:
    """What the keys of all files of a job begin with, in the images bucket."""
    return f"images/{job_id}/"


def image_key(job_id: str, index: int) -> str:
    """Where the images bucket keeps an image."""
    return f"images/{job_id}/{index}.png"


def file_key(job_id: str, index: int, name: str) -> str:
    """Where the images bucket keeps a file beside an image."""
    return f"images/{job_id}/{index}/{name}"


def thumbnail_key(job_id: str, index: int) -> str:
    """Where the images bucket keeps an image's thumbnail."""
    return f"images/{job_id}/{index}.thumb.webp"


def keys_of(job_id: str, image: StoredImage) -> list[str]:
    """All that is stored of an image: the picture, its thumbnail, the files beside it."""
    files = [file_key(job_id, image.index, name) for name in image.files]
    return [image_key(job_id, image.index), thumbnail_key(job_id, image.index), *files]
