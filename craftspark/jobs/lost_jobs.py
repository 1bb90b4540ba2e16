"""Lost jobs: jobs that were accepted and whose order was never sent, because the request failed in between."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Protocol

from craftspark.clock import utc_now
from craftspark.jobs.batches import JobOrder
from craftspark.jobs.job import Job, JobState
from craftspark.jobs.submissions import Intake
from craftspark.models.catalogue import find_model

# An order that was sent has an execution after this time, unless the intake queue is behind. A duplicate order does no
# harm.
LOST_AFTER = timedelta(minutes=2)
EVERY = timedelta(minutes=5)
MAX_JOBS_PER_RUN = 500


class UnstartedRecords(Protocol):
    """Jobs without the mark that they have started, in `shards` shards."""

    def ids(self, shard: int, since: datetime, until: datetime) -> Iterator[str]:
        """The jobs of a shard with a deadline between `since` and `until`, sorted by deadline."""

    def read(self, job_id: str) -> Job:
        """Raises JobNotFound."""

    def mark_started(self, job_id: str) -> bool:
        """Mark the job as started, which removes it from this list. Returns whether it was on it."""


@dataclass(frozen=True, kw_only=True)
class LostJobs:
    """Finds lost jobs and sends each again. An execution is named by its job, so a duplicate order starts nothing.

    A job that was sent is marked as started, so the next run does not repeat it.
    """

    jobs: UnstartedRecords
    shards: int
    intake: Intake
    deadline: timedelta
    now: Callable[[], datetime] = utc_now

    def find(self) -> Iterator[str]:
        """Jobs older than LOST_AFTER, not overdue and not marked, from each shard in turn, the oldest first.

        Each run starts with a different shard, so no shard is always the last.
        """
        now = self.now()
        first = int(now.timestamp() // EVERY.total_seconds())
        oldest, newest = now, now + self.deadline - LOST_AFTER
        waiting = [self.jobs.ids((first + shard) % self.shards, oldest, newest) for shard in range(self.shards)]
        for turn in zip_longest(*waiting):
            yield from filter(None, turn)

    def send(self, job_id: str) -> bool:
        """Send the job's order unless a worker has it, and mark the job. Returns whether the order was sent."""
        job = self.jobs.read(job_id)
        if queued := job.state is JobState.QUEUED:
            self.intake.send(JobOrder.of(job, find_model(job.model).images_per_batch))
        self.jobs.mark_started(job_id)
        return queued
