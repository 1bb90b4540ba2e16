"""Where a worker gets its next batches: the GPU queue, or the one batch that the task was launched for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aws_lambda_powertools import Logger

from craftspark.aws.callbacks import Callback
from craftspark.aws.gpu_queue import GpuMessage, GpuQueue
from craftspark.batches import Batch, BatchMalformed
from craftspark.errors import CraftsparkError
from craftspark.jobs import Job, JobRecord
from gpu_tasks.claim import Claim, Ticket
from gpu_tasks.lease import Lease
from gpu_tasks.tickets import LaunchTicket, QueueTicket

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
    """Takes batches of the warm pool's queue."""

    queue: GpuQueue
    callbacks: SFNClient
    book: Book
    lease: Lease
    max_receives: int
    _open: list[Claim] = field(default_factory=list, init=False)

    def take(self, images: int) -> list[Claim]:
        claims: list[Claim] = []
        while not self.lease.ended and sum(len(claim.missing) for claim in claims) < images:
            try:
                message = self.queue.receive(wait_s=0 if claims else POLL_S)
            except BatchMalformed as error:
                logger.error("message refused", extra={"reason": error.name, "detail": error.detail})
                continue
            if message:
                claims += self._claims(message)
                if claims and claims[-1].ticket.suspect:
                    break
            elif claims:
                break
        return claims

    def _claims(self, message: GpuMessage) -> list[Claim]:
        ticket = QueueTicket(
            batch=message.batch,
            callback=Callback(client=self.callbacks, token=message.token),
            queue=self.queue,
            receipt=message.receipt,
            receives=message.receives,
            max_receives=self.max_receives,
        )
        self._open = [claim for claim in self._open if claim.open]
        if any(claim.ticket.batch == message.batch for claim in self._open):
            # The same message twice: it comes back when the images of the first are stored, and is answered by them.
            logger.info("batch is rendering here", extra={"job_id": message.batch.job_id})
            return []
        claimed = claim(ticket, self.book)
        if not claimed:
            return []
        self._open.append(claimed)
        return [claimed]


@dataclass(kw_only=True)
class LaunchDesk:
    """Has the one batch that this task was launched for."""

    ticket: LaunchTicket
    book: Book
    _taken: bool = field(default=False, init=False)

    def take(self, images: int) -> list[Claim]:
        if self._taken:
            return []
        self._taken = True
        claimed = claim(self.ticket, self.book)
        return [claimed] if claimed else []
