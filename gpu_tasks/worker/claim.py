"""A claim: a batch that this worker has taken, from the first read until the one answer."""

import threading
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from aws_lambda_powertools import Logger

from craftspark.aws.jobs.render_table import JobEnded
from craftspark.errors import CraftsparkError, ImageUndeliverable, InvalidInput, RenderError, SpotInterrupted
from craftspark.jobs.batches import Batch, BatchResult
from craftspark.jobs.job import ImageFailure, Job
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.worker.progress import Progress

logger = Logger(service="gpu_worker")


class BatchHandle(Protocol):
    """Extends, answers or returns one batch."""

    @property
    def batch(self) -> Batch: ...

    @property
    def suspect(self) -> bool:
        """Whether an earlier attempt ended without an answer. The batch may have caused that."""

    @property
    def in_doubt(self) -> bool:
        """Whether another worker may also render the batch, or may have rendered it since this worker took it."""

    @property
    def lost(self) -> bool:
        """Whether another worker has the batch now, or has answered it."""

    def extend(self) -> None:
        """Keep the batch for another visibility timeout."""

    def succeed(self, result: BatchResult) -> None:
        """Answer with the stored and the failed images."""

    def fail(self, error: CraftsparkError) -> None:
        """Answer with a named error. The state machine decides what to do next."""

    def retry(self, error: Exception) -> None:
        """Return the batch after an error without a name. Another worker attempts it again, a few times."""


class Claim:
    """A batch, its job and its missing images. Safe to use from several threads.

    `report` writes the rendered share of a batch, in percent, to where the maker sees it. `read_stored` reads which
    images of the job are stored now.
    """

    def __init__(
        self,
        handle: BatchHandle,
        job: Job,
        stored: Iterable[int],
        report: Callable[[Job, Batch, int], None] = lambda _job, _batch, _percent: None,
        read_stored: Callable[[], Collection[int]] = tuple,
    ) -> None:
        self.handle = handle
        self.job = job
        self.progress = Progress(lambda percent: report(job, handle.batch, percent))
        self._stored = set(stored) & set(handle.batch.seeds)
        self._found = len(self._stored)
        self._failed: dict[int, RenderError | InvalidInput] = {}
        self._broken: dict[int, Exception] = {}
        self._shares: dict[int, float] = {}
        self._read_stored = read_stored
        self._in_delivery: set[int] = set()
        self._ended_by: Exception | None = None
        self._answered = False
        self._lock = threading.Lock()

    @property
    def missing(self) -> tuple[ImageOrder, ...]:
        """The images that are not stored and that this worker has not given up. Empty if the job has ended."""
        if self.job.state.final or self._answered:
            return ()
        return tuple(
            ImageOrder.of(self.job, index, seed)
            for index, seed in self.handle.batch.seeds.items()
            if not self._is_done(index)
        )

    @property
    def bulk(self) -> bool:
        """Whether the batch is of the bulk lane."""
        return self.handle.batch.lane == "bulk"

    @property
    def open(self) -> bool:
        """Whether the claim is not yet answered."""
        return not self._answered

    @property
    def active(self) -> bool:
        """Whether this worker still draws images of the batch."""
        return not self._answered and self._ended_by is None

    def needs(self, index: int) -> bool:
        """Whether this worker should draw the image: it is not done, and the claim is active."""
        return self.active and not self._is_done(index)

    @property
    def percent(self) -> int:
        """The share of the batch that is rendered, stored or not, in percent."""
        done = sum(
            1.0 if index in self._stored or index in self._failed else self._shares.get(index, 0.0)
            for index in self.handle.batch.seeds
        )
        return min(100, int(100 * done / len(self.handle.batch.seeds)))

    def record_progress(self, index: int, share: float) -> bool:
        """Record the rendered share of an image, 0 to 1. Returns whether the batch reached a milestone."""
        self._shares[index] = max(share, self._shares.get(index, 0.0))
        return self.progress.advance(self.percent)

    def refresh(self) -> None:
        """If the batch is in doubt, read which of its images are stored now. If it is lost, give it up without an
        answer: the worker that has it answers.
        """
        if self.handle.lost:
            if self._mark_answered():
                logger.warning("batch is with another worker", extra=self._log_fields())
        elif self.handle.in_doubt:
            found = set(self._read_stored()) & set(self.handle.batch.seeds)
            for index in found - self._stored:
                self.record_stored(index)

    def begin_delivery(self, index: int) -> None:
        """Record that an image is drawn and will be stored. The claim is not answered before that is done."""
        with self._lock:
            self._in_delivery.add(index)

    def answer_if_done(self) -> None:
        """Answer if no image is missing, or if the batch was ended early and no drawn image is still to be stored."""
        if self._in_delivery or (self.missing and self._ended_by is None) or not self._mark_answered():
            return
        if self._ended_by and self._needs_other_worker():
            self._answer_early(self._ended_by)
        elif self._broken:
            self._return_batch(next(iter(self._broken.values())))
        elif error := self._find_common_error():
            self._fail(error)
        else:
            self._succeed(self._describe_end())

    def record_stored(self, index: int) -> None:
        """Record that an image is in the bucket and in the table."""
        self._stored.add(index)
        self._broken.pop(index, None)
        self._end_delivery(index)
        self.progress.advance(self.percent)
        self.answer_if_done()

    def record_failure(self, index: int, error: Exception) -> None:
        """Record that an image has no picture. The other images of the batch are not affected.

        An image with a named error cannot be delivered by any worker. An image with another error is attempted again
        after the other images are done.
        """
        self._end_delivery(index)
        if isinstance(error, JobEnded | SpotInterrupted):
            self.abort(error)
            return
        fields = {**self._log_fields(), "index": index, "reason": type(error).__name__}
        if isinstance(error, RenderError | InvalidInput):
            logger.warning("image failed", extra={**fields, "detail": error.detail})
            self._failed[index] = error
        else:
            logger.error("image failed unexpectedly", extra=fields, exc_info=error)
            self._broken[index] = error
        self.progress.advance(self.percent)
        self.answer_if_done()

    def abort(self, error: Exception) -> None:
        """End the whole batch early. Stored images stay stored, and drawn images are stored before the answer: the
        worker that gets the batch next would draw them again.
        """
        with self._lock:
            self._ended_by = self._ended_by or error
        self.answer_if_done()

    def _is_done(self, index: int) -> bool:
        return index in self._stored or index in self._failed or index in self._broken

    def _end_delivery(self, index: int) -> None:
        with self._lock:
            self._in_delivery.discard(index)

    def _needs_other_worker(self) -> bool:
        """Whether an image of a batch that was ended early is not stored."""
        return any(not self._is_done(index) for index in self.handle.batch.seeds)

    def _answer_early(self, error: Exception) -> None:
        if isinstance(error, JobEnded):
            self._succeed("job has already ended")
        elif isinstance(error, RenderError):
            self._fail(error)
        else:
            self._return_batch(error)

    def _succeed(self, message: str) -> None:
        self.progress.report()
        self.handle.succeed(self._result())
        logger.info(message, extra=self._log_fields())

    def _fail(self, error: CraftsparkError) -> None:
        self.progress.report()
        self.handle.fail(error)
        logger.warning("batch failed", extra={**self._log_fields(), "reason": error.name, "detail": error.detail})

    def _return_batch(self, error: Exception) -> None:
        self.progress.report()
        self.handle.retry(error)
        logger.error("batch returned", extra={**self._log_fields(), "reason": type(error).__name__}, exc_info=error)

    def _describe_end(self) -> str:
        if self.job.state.final:
            return "job has already ended"
        return "batch rendered" if self._found < len(self.handle.batch.seeds) else "batch was already stored"

    def _find_common_error(self) -> CraftsparkError | None:
        """The error that all images of the batch have, if it does not depend on a drawing."""
        errors = list(self._failed.values())
        if len(errors) < len(self.handle.batch.seeds) or any(isinstance(each, ImageUndeliverable) for each in errors):
            return None
        return errors[0] if len({each.name for each in errors}) == 1 else None

    def _mark_answered(self) -> bool:
        with self._lock:
            first, self._answered = not self._answered, True
            return first

    def _result(self) -> BatchResult:
        return BatchResult(
            batch=self.handle.batch.batch,
            rendered=tuple(sorted(self._stored)),
            failed=tuple(
                ImageFailure(index=index, error=error.name, reason=error.detail)
                for index, error in sorted(self._failed.items())
            ),
        )

    def _log_fields(self) -> dict[str, object]:
        return {
            "job_id": self.job.job_id,
            "batch": self.handle.batch.batch,
            "stored": len(self._stored),
            "found": self._found,
        }
