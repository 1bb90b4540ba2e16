"""Jobs that were accepted and never sent: their caller died in between, and nobody tried again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Protocol

from craftspark.clock import utc_now
from craftspark.jobs.batches import job_order
from craftspark.jobs.job import Job, JobState
from craftspark.jobs.submissions import Intake
from craftspark.models.catalogue import Model

# An order that was sent has an execution by then, unless the intake queue is behind; one more order does no harm.
LOST_AFTER = timedelta(minutes=2)
EVERY = timedelta(minutes=5)
MAX_JOBS_PER_RUN = 500  # jobs a run


class Unstarted(Protocol):
    """Jobs that are not marked as started, in `shards` shards."""

    def ids(self, shard: int, since: datetime, until: datetime) -> Iterator[str]:
        """A shard's jobs whose deadline is between the two, by deadline."""

    def read(self, job_id: str) -> Job:
        """Raises JobNotFound."""

    def mark_started(self, job_id: str) -> None:
        """The job is no longer among them."""


@dataclass(frozen=True, kw_only=True)
class Resending:
    """Finds such jobs and sends each once more. An execution is named by its job, so a second order starts none.

    A job that was sent leaves the unstarted ones, so no run begins with what another has done.
    """

    jobs: Unstarted
    shards: int
    intake: Intake
    model: Model
    deadline: timedelta
    now: Callable[[], datetime] = utc_now

    def find_lost(self) -> Iterator[str]:
        """Jobs older than LOST_AFTER, not overdue and not marked: one of each shard in turn, the oldest first.

        Another shard comes first with each run, so that none is always the last.
        """
        now = self.now()
        first = int(now.timestamp() // EVERY.total_seconds())
        oldest, newest = now, now + self.deadline - LOST_AFTER
        waiting = [self.jobs.ids((first + shard) % self.shards, oldest, newest) for shard in range(self.shards)]
        for turn in zip_longest(*waiting):
            yield from filter(None, turn)

    def send(self, job_id: str) -> bool:
        """Send the job's order unless a worker has it already, and mark the job; whether it was sent."""
        job = self.jobs.read(job_id)
        if queued := job.state is JobState.QUEUED:
            self.intake.send(job_order(job, self.model.images_per_batch), maker=job.maker)
        self.jobs.mark_started(job_id)
        return queued
