"""A batch that this worker has taken, from the first look at it to the one answer it gets."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from aws_lambda_powertools import Logger

from craftspark.aws.render_book import JobEnded
from craftspark.batches import Batch, BatchResult
from craftspark.errors import CraftsparkError, RenderError
from craftspark.jobs import ImageFailure, Job
from craftspark.releases import Pin
from craftspark.sources import Source

logger = Logger(service="gpu_worker")


class Ticket(Protocol):
    """Who waits for a batch, and how to answer."""

    @property
    def batch(self) -> Batch: ...

    def hold(self) -> None:
        """Tell that work on it goes on."""

    def succeed(self, result: BatchResult) -> None: ...

    def fail(self, error: CraftsparkError) -> None:
        """For a reason with a name: the state machine decides what follows."""

    def retry(self, error: Exception) -> None:
        """For a reason without a name: another worker may fare better, a few times."""


@dataclass(frozen=True, kw_only=True)
class ImageOrder:
    """One image to render: a tool's request, and what submission found out for it."""

    job_id: str
    index: int
    seed: int
    tool: str
    request: Mapping[str, Any]
    pin: Pin | None = None
    source: Source | None = None

    @classmethod
    def of(cls, job: Job, index: int, seed: int) -> Self:
        return cls(
            job_id=job.job_id,
            index=index,
            seed=seed,
            tool=job.tool,
            request=job.request,
            pin=job.pin,
            source=job.source,
        )


class Claim:
    """A ticket, its job, and which of the batch's images are still to come. Safe to use from several threads."""

    def __init__(self, ticket: Ticket, job: Job, stored: Iterable[int]) -> None:
        self.ticket = ticket
        self.job = job
        self.rendered_images = 0.0
        self._stored = set(stored) & set(ticket.batch.seeds)
        self._failed: dict[int, ImageFailure] = {}
        self._answered = False
        self._lock = threading.Lock()

    @property
    def missing(self) -> tuple[ImageOrder, ...]:
        """The images that no worker has stored and this one has not given up; none where the job has ended."""
        if self.job.state.final or self._answered:
            return ()
        return tuple(
            ImageOrder.of(self.job, index, seed)
            for index, seed in self.ticket.batch.seeds.items()
            if index not in self._stored and index not in self._failed
        )

    @property
    def open(self) -> bool:
        return not self._answered

    @property
    def percent(self) -> int:
        """The share of the batch that is rendered, whether stored yet or not."""
        done = max(len(self._stored) + len(self._failed), self.rendered_images)
        return min(100, int(100 * done / len(self.ticket.batch.seeds)))

    def settle(self) -> None:
        """Answer if nothing is missing."""
        if not self.missing and self._first_answer():
            self.ticket.succeed(self._result())
            logger.info("job had ended" if self.job.state.final else "batch rendered", extra=self._facts())

    def stored(self, index: int) -> None:
        """An image is in the bucket and in the table."""
        self._stored.add(index)
        self.settle()

    def failed(self, index: int, error: RenderError) -> None:
        """An image cannot be delivered, whoever renders it; the others are not concerned."""
        logger.warning("image failed", extra={**self._facts(), "index": index, "reason": error.name})
        self._failed[index] = ImageFailure(index=index, error=error.name, reason=error.detail)
        self.settle()

    def broke(self, error: Exception) -> None:
        """Work on the batch ended early; what is stored of it stays."""
        if not self._first_answer():
            return
        reason = type(error).__name__
        if isinstance(error, JobEnded):
            self.ticket.succeed(self._result())
            logger.info("job had ended", extra=self._facts())
        elif isinstance(error, RenderError):
            self.ticket.fail(error)
            logger.warning("batch failed", extra={**self._facts(), "reason": reason, "detail": error.detail})
        else:
            self.ticket.retry(error)
            logger.error("batch broke", extra={**self._facts(), "reason": reason}, exc_info=error)

    def _first_answer(self) -> bool:
        with self._lock:
            first, self._answered = not self._answered, True
            return first

    def _result(self) -> BatchResult:
        return BatchResult(
            batch=self.ticket.batch.number,
            rendered=tuple(sorted(self._stored)),
            failed=tuple(failure for _, failure in sorted(self._failed.items())),
        )

    def _facts(self) -> dict[str, object]:
        return {"job_id": self.job.job_id, "batch": self.ticket.batch.number, "stored": len(self._stored)}
