"""A batch that this worker has taken, from the first look at it to the one answer it gets."""

import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from aws_lambda_powertools import Logger

from craftspark.aws.jobs.render_table import JobEnded
from craftspark.errors import CraftsparkError, ImageUndeliverable, InvalidInput, RenderError, SpotInterrupted
from craftspark.jobs.batches import Batch, BatchResult
from craftspark.jobs.job import ImageFailure, Job
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.worker.progress import Progress

logger = Logger(service="gpu_worker")


class Ticket(Protocol):
    """Who waits for a batch, and how to answer."""

    @property
    def batch(self) -> Batch: ...

    @property
    def suspect(self) -> bool:
        """Whether an attempt at the batch ended before without an answer, which may have been the batch's own fault."""

    def hold(self) -> None:
        """Tell that work on it goes on."""

    def succeed(self, result: BatchResult) -> None: ...

    def fail(self, error: CraftsparkError) -> None:
        """For a reason with a name: the state machine decides what follows."""

    def retry(self, error: Exception) -> None:
        """For a reason without a name: another worker may fare better, a few times."""


class Claim:
    """A ticket, its job, and which of the batch's images are still to come. Safe to use from several threads.

    `tell` writes how much of a batch is rendered, in percent, where the job's maker sees it.
    """

    def __init__(
        self,
        ticket: Ticket,
        job: Job,
        stored: Iterable[int],
        tell: Callable[[Job, Batch, int], None] = lambda _job, _batch, _percent: None,
    ) -> None:
        self.ticket = ticket
        self.job = job
        self.progress = Progress(lambda percent: tell(job, ticket.batch, percent))
        self._stored = set(stored) & set(ticket.batch.seeds)
        self._found = len(self._stored)
        self._failed: dict[int, RenderError | InvalidInput] = {}
        self._broken: dict[int, Exception] = {}
        self._shares: dict[int, float] = {}
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
            if index not in self._stored and index not in self._failed and index not in self._broken
        )

    @property
    def open(self) -> bool:
        return not self._answered

    @property
    def percent(self) -> int:
        """The share of the batch that is rendered, whether stored yet or not."""
        done = sum(
            1.0 if index in self._stored or index in self._failed else self._shares.get(index, 0.0)
            for index in self.ticket.batch.seeds
        )
        return min(100, int(100 * done / len(self.ticket.batch.seeds)))

    def rendered(self, index: int, share: float) -> bool:
        """So much of an image, 0 to 1, is rendered; answers whether a milestone of the batch's progress was reached."""
        self._shares[index] = max(share, self._shares.get(index, 0.0))
        return self.progress.reach(self.percent)

    def settle(self) -> None:
        """Answer if nothing is missing."""
        if self.missing or not self._first_answer():
            return
        if self._broken:
            self._give_back(next(iter(self._broken.values())))
        elif error := self._error_of_all():
            self._fail(error)
        else:
            self._succeed(self._end())

    def stored(self, index: int) -> None:
        """An image is in the bucket and in the table."""
        self._stored.add(index)
        self._broken.pop(index, None)
        self.progress.reach(self.percent)
        self.settle()

    def failed(self, index: int, error: Exception) -> None:
        """Work on one image ended without a picture; the others of the batch are not concerned.

        By name, it cannot be delivered, whoever renders it. Without a name, it is tried again, by itself, once the
        others are done.
        """
        if isinstance(error, JobEnded | SpotInterrupted):
            self.broke(error)
            return
        facts = {**self._facts(), "index": index, "reason": type(error).__name__}
        if isinstance(error, RenderError | InvalidInput):
            logger.warning("image failed", extra={**facts, "detail": error.detail})
            self._failed[index] = error
        else:
            logger.error("image broke", extra=facts, exc_info=error)
            self._broken[index] = error
        self.progress.reach(self.percent)
        self.settle()

    def broke(self, error: Exception) -> None:
        """Work on the whole batch ended early; what is stored of it stays."""
        if not self._first_answer():
            return
        if isinstance(error, JobEnded):
            self._succeed("job had ended")
        elif isinstance(error, RenderError):
            self._fail(error)
        else:
            self._give_back(error)

    def _succeed(self, said: str) -> None:
        self.progress.tell()
        self.ticket.succeed(self._result())
        logger.info(said, extra=self._facts())

    def _fail(self, error: CraftsparkError) -> None:
        self.progress.tell()
        self.ticket.fail(error)
        logger.warning("batch failed", extra={**self._facts(), "reason": error.name, "detail": error.detail})

    def _give_back(self, error: Exception) -> None:
        self.progress.tell()
        self.ticket.retry(error)
        logger.error("batch broke", extra={**self._facts(), "reason": type(error).__name__}, exc_info=error)

    def _end(self) -> str:
        if self.job.state.final:
            return "job had ended"
        return "batch rendered" if self._found < len(self.ticket.batch.seeds) else "batch was stored before"

    def _error_of_all(self) -> CraftsparkError | None:
        """The error of a batch that has it in each of its images, and not in what was drawn."""
        errors = list(self._failed.values())
        if len(errors) < len(self.ticket.batch.seeds) or any(isinstance(each, ImageUndeliverable) for each in errors):
            return None
        return errors[0] if len({each.name for each in errors}) == 1 else None

    def _first_answer(self) -> bool:
        with self._lock:
            first, self._answered = not self._answered, True
            return first

    def _result(self) -> BatchResult:
        return BatchResult(
            batch=self.ticket.batch.number,
            rendered=tuple(sorted(self._stored)),
            failed=tuple(
                ImageFailure(index=index, error=error.name, reason=error.detail)
                for index, error in sorted(self._failed.items())
            ),
        )

    def _facts(self) -> dict[str, object]:
        return {
            "job_id": self.job.job_id,
            "batch": self.ticket.batch.number,
            "stored": len(self._stored),
            "found": self._found,
        }
