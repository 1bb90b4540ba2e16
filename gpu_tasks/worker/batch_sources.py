"""Batch sources: the GPU queues of a pool, or first the batch that the task was launched for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aws_lambda_powertools import Logger

from craftspark.aws.faults import is_transient
from craftspark.aws.orchestration.callbacks import Callback
from craftspark.aws.orchestration.gpu_queue import GpuQueue
from craftspark.contracts import ContractBroken
from craftspark.errors import CraftsparkError, SpotInterrupted
from craftspark.errors.worker import AwsUnreachable
from craftspark.jobs.batches import Batch
from craftspark.jobs.job import Job, JobRecord
from gpu_tasks.retries import Backoff, Retrier
from gpu_tasks.worker.answers import Answers
from gpu_tasks.worker.batch_handles import LaunchHandle, QueueHandle
from gpu_tasks.worker.claim import BatchHandle, Claim
from gpu_tasks.worker.idle_limit import IdleLimit
from gpu_tasks.worker.lease import Lease

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# How long an idle worker waits for interactive work before it looks for bulk work again. It stops within this time. Its
# 5.2 million polls per month cost two dollars.
POLL_S = 1

logger = Logger(service="gpu_worker")


class RenderRecords(Protocol):
    """The jobs that workers render."""

    def start(self, job_id: str) -> JobRecord:
        """Mark a queued job as running, and return the job with its images. Raises JobNotFound."""

    def progress(self, job: Job, batch: Batch, percent: int) -> None:
        """Record the rendered share of a batch, in percent."""


class BatchSource(Protocol):
    """Supplies claims until the lease ends."""

    def take(self, images: int, *, wait: bool = True, bulk: bool = True) -> list[Claim]:
        """Wait for a claim, then return claims of about `images` images: interactive ones first, and bulk ones only
        with `bulk`. Returns an empty list if no more claims will come, and without `wait` if none can be taken now.
        """


def open_claim(handle: BatchHandle, jobs: RenderRecords) -> Claim | None:
    """Read the job of a batch. Returns None if nothing is left to render; the batch is answered then."""
    try:
        record = jobs.start(handle.batch.job_id)
    except CraftsparkError as error:
        handle.fail(error)
        return None
    claimed = Claim(
        handle,
        record.job,
        stored=record.images,
        report=jobs.progress,
        read_stored=lambda: jobs.start(handle.batch.job_id).images,
    )
    claimed.answer_if_done()
    return claimed if claimed.open else None


@dataclass(kw_only=True)
class QueueSource:
    """Takes batches from the pool's queues, until the lease ends or the idle limit is reached. Retries if a queue or
    the jobs table fails temporarily.
    """

    interactive: GpuQueue
    bulk: GpuQueue
    callbacks: SFNClient
    answers: Answers
    jobs: RenderRecords
    lease: Lease
    max_receives: int
    backoff: Backoff
    idle: IdleLimit | None = None
    _open: list[Claim] = field(default_factory=list, init=False)
    _waiting: QueueHandle | None = field(default=None, init=False)

    def take(self, images: int, *, wait: bool = True, bulk: bool = True) -> list[Claim]:
        """Raises AwsUnreachable if no batch can be taken for too long."""
        if self.idle:
            self.idle.start()
        claims: list[Claim] = []
        idle = False
        while not self.lease.ended and sum(len(claim.missing) for claim in claims) < images:
            try:
                handle = self._waiting or self._receive(wait_s=POLL_S if idle else 0, bulk=bulk)
                claimed = self._claim(handle) if handle else None
                self.backoff.reset()
            except Exception as error:
                if claims or not wait:
                    break  # render what is here first; a persistent fault occurs again
                self._back_off(error)
                continue
            idle = wait and handle is None and not claims
            if claimed:
                claims.append(claimed)
            elif self.idle and not claims and self.idle.reached():
                break
            if (claims or not wait) and (handle is None or handle.suspect):
                break
        if self.lease.ended and (waiting := self._waiting):
            waiting.fail(SpotInterrupted("the machine is being taken back"))
        return claims

    def _receive(self, *, wait_s: int, bulk: bool) -> QueueHandle | None:
        """The next batch: an interactive one that comes within `wait_s` seconds, or else a bulk one."""
        handle = self._receive_from(self.interactive, wait_s=wait_s)
        return handle or (self._receive_from(self.bulk, wait_s=0) if bulk else None)

    def _receive_from(self, queue: GpuQueue, *, wait_s: int) -> QueueHandle | None:
        asked_at = time.monotonic()
        try:
            received = queue.receive(wait_s=wait_s)
        except ContractBroken as error:
            logger.error("message refused", extra={"reason": type(error).__name__, "detail": str(error)})
            return None
        if received is None:
            return None
        return QueueHandle(
            batch=received.message.batch,
            callback=Callback(client=self.callbacks, token=received.message.task_token),
            queue=queue,
            answers=self.answers,
            receipt=received.receipt,
            receives=received.receives,
            max_receives=self.max_receives,
            waited_s=received.waited_s,
            held_until=asked_at + queue.visibility_s,
        )

    def _claim(self, handle: QueueHandle) -> Claim | None:
        """Read the job. If the job cannot be read now, keep its handle for the next attempt."""
        self._open = [claim for claim in self._open if claim.open]
        if any(claim.handle.batch == handle.batch for claim in self._open):
            # A duplicate message. It is received again after the images of the first are stored, and then answered.
            logger.info("batch is already rendering", extra={"job_id": handle.batch.job_id})
            return None
        self._waiting = handle
        try:
            claimed = open_claim(handle, self.jobs)
        except Exception as error:
            if is_transient(error):
                raise
            # The fault belongs to this job: other jobs do not wait for it.
            logger.exception("job not read", extra={"job_id": handle.batch.job_id})
            handle.retry(error)
            claimed = None
        self._waiting = None
        if claimed:
            self._open.append(claimed)
        return claimed

    def _back_off(self, error: Exception) -> None:
        try:
            self.backoff.wait(error)
        except AwsUnreachable as unreachable:
            if waiting := self._waiting:
                waiting.retry(unreachable)
            raise
        if waiting := self._waiting:
            try:
                waiting.extend()
            except Exception:
                logger.exception("claim not extended", extra={"job_id": waiting.batch.job_id})


@dataclass(kw_only=True)
class LaunchSource:
    """Supplies the batch that this task was launched for, and then what `queues` supplies."""

    handle: LaunchHandle
    jobs: RenderRecords
    retrier: Retrier
    queues: BatchSource | None = None
    _claim: Claim | None = field(default=None, init=False)

    @property
    def model(self) -> str:
        """The catalogue entry that the batch needs, if there is something to render."""
        if self._claim is None:
            raise ValueError("nothing to render")
        return self._claim.job.model

    def has_work(self) -> bool:
        """Return whether there is something to render, before the model is loaded.

        Raises AwsUnreachable if the job cannot be read for too long. The batch is answered then.
        """
        if not self.retrier.call("heartbeat of a launched task", self.handle.is_awaited):
            logger.warning("task is no longer awaited", extra={"job_id": self.handle.batch.job_id})
            return False
        try:
            self._claim = self.retrier.call("read of a job", lambda: open_claim(self.handle, self.jobs))
        except Exception as error:
            self.handle.retry(error)
            raise
        return self._claim is not None

    def take(self, images: int, *, wait: bool = True, bulk: bool = True) -> list[Claim]:
        claimed, self._claim = self._claim, None
        if claimed:
            return [claimed]
        return self.queues.take(images, wait=wait, bulk=bulk) if self.queues else []
