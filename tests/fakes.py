"""Hand-written fakes, and functions that create domain objects, for several folders of tests."""

import json
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from craftspark.errors import CraftsparkError, JobNotFound
from craftspark.jobs.batches import Batch, BatchResult, batches_of
from craftspark.jobs.job import Job, JobRecord, JobState, StoredImage
from craftspark.models.catalogue import find_model
from craftspark.models.networks import BUILT_IN_NETWORKS
from craftspark.settings.tasks import TrainerSettings, WorkerSettings
from craftspark.tools import serve_tools
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, encode_image, finish_unchanged
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.wave_queue import Renderer

# A worker and a trainer whose resources no test reads. Tests on moto name their own resources.
WORKER_SETTINGS = WorkerSettings(
    pool="draw",
    jobs_table="jobs",
    images_bucket="images",
    uploads_bucket="uploads",
    gallery_bucket="gallery",
    models_bucket="models",
    interactive_queue_url="http://interactive",
    bulk_queue_url="http://bulk",
    tools=json.dumps(serve_tools(find_model("craftspark-clipart-128"))),
    networks=BUILT_IN_NETWORKS.to_text(),
    device="cpu",
    profile_device="cpu",
    cpu_model_memory_mib=4096,
    gpu_queue_visibility_s=30,
    gpu_queue_max_receives=3,
    signing_secret="",
    guardrail_id="",
    guardrail_version="",
    moderation_fallback="refuse",
    max_model_wait_s=60,
    stop_bulk_s=10,
    idle_s=0,
    leave_s=0,
    stop_grace_s=10,
    stall_s=60,
)
TRAINER_SETTINGS = TrainerSettings(
    training_bucket="training",
    models_bucket="models",
    models_cache="",
    model="craftspark-clipart-128",
    device="cpu",
    heartbeat_s=1,
    stall_s=60,
    stop_grace_s=10,
)
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def a_job(**changes: Any) -> Job:
    request = {
        "prompt": "a red apple",
        "negative_prompt": "",
        "size": "128x128",
        "steps": 2,
        "guidance": 4.0,
        "style": None,
        "preset": None,
    }
    values: dict[str, Any] = {
        "job_id": "a" * 26,
        "maker": "maker-1",
        "tool": "picture",
        "model": "craftspark-clipart-128",
        "pool": "draw",
        "request": request,
        "fingerprint": "f",
        "lane": "interactive",
        "seeds": (7, 8, 9, 10),
        "credits_per_image": 1,
        "state": JobState.QUEUED,
        "created_at": NOON,
        "deadline": NOON + timedelta(hours=1),
        "expires_at": NOON + timedelta(days=30),
    }
    return Job(**{**values, **changes})


def a_record(*, stored: Iterable[int] = (), **changes: Any) -> JobRecord:
    indexes = tuple(stored)
    return JobRecord(
        job=a_job(images_stored=len(indexes), **changes),
        images={
            index: StoredImage(index=index, width=128, height=128, render_s=0.1, stored_at=NOON, seed=index)
            for index in indexes
        },
    )


def a_batch(job: Job, images_per_batch: int = 4, number: int = 0) -> Batch:
    return batches_of(job, images_per_batch)[number]


class FakeHandle:
    """Records the answers to its batch."""

    def __init__(self, batch: Batch, *, suspect: bool = False, in_doubt: bool = False) -> None:
        self.batch = batch
        self.suspect = suspect
        self.in_doubt = in_doubt
        self.lost = False
        self.answers: list[BatchResult | CraftsparkError | Exception] = []
        self.extended = 0

    def extend(self) -> None:
        self.extended += 1

    def succeed(self, result: BatchResult) -> None:
        self.answers.append(result)

    def fail(self, error: CraftsparkError) -> None:
        self.answers.append(error)

    def retry(self, error: Exception) -> None:
        self.answers.append(error)


def grey(order: ImageOrder, side: int = 8) -> Drawing:
    """A drawing of one grey that shows its seed."""
    return Drawing(pixels=np.full((side, side, 3), order.seed % 256, np.uint8), seed=order.seed)


class FakeRenderer(Renderer):
    """Records the rendered images, wave by wave. Each image is one grey that shows its seed."""

    def __init__(
        self,
        *,
        wave_size: int = 2,
        breaks_at_wave: int = -1,
        breaks_always: bool = False,
        error: Exception | None = None,
    ) -> None:
        self.wave_size = wave_size
        self.waves: list[list[tuple[str, int]]] = []
        self._calls = 0
        self._breaks_at_wave = breaks_at_wave
        self._breaks_always = breaks_always
        self._error = error or RuntimeError("the kernel crashed")

    def kind(self, order: ImageOrder) -> Hashable:
        return str(order.request["size"])

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        self._calls += 1
        if self._breaks_always or self._calls == self._breaks_at_wave + 1:
            raise self._error
        on_step(0.5)
        self.waves.append([(order.job_id, order.index) for order in wave])
        on_step(1.0)
        return [grey(order) for order in wave]

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        return encode_image(finish_unchanged(drawing))

    @property
    def rendered(self) -> list[int]:
        return [index for wave in self.waves for _, index in wave]


class FakeDelivery:
    """Stores images immediately, in memory, and notifies the claim like the real delivery."""

    def __init__(self) -> None:
        self.images: dict[tuple[str, int], Drawing] = {}

    def deliver(self, claim: Claim, order: ImageOrder, drawn: Drawing, render_s: float) -> None:
        self.images[claim.job.job_id, order.index] = drawn
        claim.record_stored(order.index)


class FakeWatchdog:
    """Watches nothing."""

    def add(self, claims: Iterable[Claim]) -> None:
        pass

    def report(self, claim: Claim) -> None:
        claim.progress.report()


class FakePace:
    """Records the jobs of each measured wave."""

    def __init__(self) -> None:
        self.waves: list[list[str]] = []

    def measure(self, jobs: Sequence[Job], seconds: float) -> None:
        self.waves.append([job.job_id for job in jobs])


class FakeBatchSource:
    """Returns its batches of claims, one per call."""

    def __init__(self, *handfuls: list[Claim]) -> None:
        self._handfuls = list(handfuls)

    def take(self, images: int, *, wait: bool = True, bulk: bool = True) -> list[Claim]:
        return self._handfuls.pop(0) if self._handfuls else []


class FakeRenderRecords:
    """Jobs by id, in memory."""

    def __init__(self, *records: JobRecord) -> None:
        self.records = {record.job.job_id: record for record in records}
        self.reported: list[tuple[str, int]] = []

    def start(self, job_id: str) -> JobRecord:
        try:
            return self.records[job_id]
        except KeyError:
            raise JobNotFound("gone") from None

    def progress(self, job: Job, batch: Batch, percent: int) -> None:
        self.reported.append((job.job_id, percent))
