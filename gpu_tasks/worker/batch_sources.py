"""Where a worker gets its next batches: the GPU queue, or the one batch that the task was launched for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aws_lambda_powertools import Logger

from craftspark.aws.faults import is_transient
from craftspark.aws.orchestration.callbacks import Callback
from craftspark.aws.orchestration.gpu_queue import GpuQueue
from craftspark.errors import CraftsparkError, SpotInterrupted
from craftspark.jobs.batches import Batch, BatchMalformed
from craftspark.jobs.job import Job, JobRecord
from gpu_tasks.patience import AwsUnreachable, Patience, Patient
from gpu_tasks.worker.answers import Answers
from gpu_tasks.worker.claim import Claim, Ticket
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.tickets import LaunchTicket, QueueTicket

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# Short enough for an idle worker to stop in time, long enough to cost next to nothing.
POLL_S = 5

logger = Logger(service="gpu_worker")


class Book(Protocol):
    """Where jobs begin to run."""

    def begin(self, job_id: str) -> JobRecord:
        """Raises JobNotFound."""

    def progress(self, job: Job, batch: Batch, percent: int) -> None:
        """Tell how much of a batch is rendered."""


class Desk(Protocol):
    """Hands out claims until the lease ends."""

    def take(self, images: int) -> list[Claim]:
        """Claims for about `images` images, waiting for the first; none where no more will come."""


def claim(ticket: Ticket, book: Book) -> Claim | None:
    """Look at a ticket's job; None where there was nothing to render and the ticket is answered."""
    try:
        record = book.begin(ticket.batch.job_id)
    except CraftsparkError as error:
        ticket.fail(error)
        return None
    claimed = Claim(ticket, record.job, stored=record.images, tell=book.progress)
    claimed.settle()
    return claimed if claimed.open else None


@dataclass(kw_only=True)
class QueueDesk:
    """Takes batches of the warm pool's queue. A fault of the queue or of the jobs table is waited out."""

    queue: GpuQueue
    callbacks: SFNClient
    answers: Answers
    book: Book
    lease: Lease
    max_receives: int
    patience: Patience
    _open: list[Claim] = field(default_factory=list, init=False)
    _waiting: QueueTicket | None = field(default=None, init=False)

    def take(self, images: int) -> list[Claim]:
        """Raises AwsUnreachable where nothing can be taken for too long."""
        claims: list[Claim] = []
        while not self.lease.ended and sum(len(claim.missing) for claim in claims) < images:
            try:
                ticket = self._waiting or self._receive(wait_s=0 if claims else POLL_S)
                claimed = self._claim(ticket) if ticket else None
                self.patience.end()
            except Exception as error:
                if claims:
                    break  # they are rendered first; a fault that lasts is met again
                self._bear(error)
                continue
            if claimed:
                claims.append(claimed)
            if claims and (ticket is None or ticket.suspect):
                break
        if self.lease.ended and (waiting := self._waiting):
            waiting.fail(SpotInterrupted("the machine is being taken back"))
        return claims

    def _receive(self, *, wait_s: int) -> QueueTicket | None:
        try:
            message = self.queue.receive(wait_s=wait_s)
        except BatchMalformed as error:
            logger.error("message refused", extra={"reason": error.name, "detail": error.detail})
            return None
        if message is None:
            return None
        return QueueTicket(
            batch=message.batch,
            callback=Callback(client=self.callbacks, token=message.token),
            queue=self.queue,
            answers=self.answers,
            receipt=message.receipt,
            receives=message.receives,
            max_receives=self.max_receives,
        )

    def _claim(self, ticket: QueueTicket) -> Claim | None:
        """Look at the job. A ticket whose job cannot be looked at now is kept, and not received once more."""
        self._open = [claim for claim in self._open if claim.open]
        if any(claim.ticket.batch == ticket.batch for claim in self._open):
            # The same message twice: it comes back when the images of the first are stored, and is answered by them.
            logger.info("batch is rendering here", extra={"job_id": ticket.batch.job_id})
            return None
        self._waiting = ticket
        try:
            claimed = claim(ticket, self.book)
        except Exception as error:
            if is_transient(error):
                raise
            # The fault is this job's: no other has to wait for it.
            logger.exception("job not read", extra={"job_id": ticket.batch.job_id})
            ticket.retry(error)
            claimed = None
        self._waiting = None
        if claimed:
            self._open.append(claimed)
        return claimed

    def _bear(self, error: Exception) -> None:
        try:
            self.patience.bear(error)
        except AwsUnreachable as unreachable:
            if waiting := self._waiting:
                waiting.retry(unreachable)
            raise
        if waiting := self._waiting:
            try:
                waiting.hold()
            except Exception:
                logger.exception("claim not held", extra={"job_id": waiting.batch.job_id})


@dataclass(kw_only=True)
class LaunchDesk:
    """Has the one batch that this task was launched for."""

    ticket: LaunchTicket
    book: Book
    patient: Patient
    _claim: Claim | None = field(default=None, init=False)

    def look(self) -> bool:
        """Whether there is something to render, which is to be known before a model is loaded for it.

        Raises AwsUnreachable where the job cannot be looked at for too long; the ticket is answered then.
        """
        if not self.patient.call("heartbeat of a launched task", self.ticket.is_awaited):
            logger.warning("nobody waits for this task", extra={"job_id": self.ticket.batch.job_id})
            return False
        try:
            self._claim = self.patient.call("look at a job", lambda: claim(self.ticket, self.book))
        except Exception as error:
            self.ticket.retry(error)
            raise
        return self._claim is not None

    def take(self, images: int) -> list[Claim]:
        claimed, self._claim = self._claim, None
        return [claimed] if claimed else []
