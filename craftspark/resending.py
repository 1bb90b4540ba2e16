"""Jobs that were accepted and never sent: their caller died in between, and nobody tried again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from craftspark.batches import job_order
from craftspark.catalogue import Model
from craftspark.jobs import Job, JobState
from craftspark.submissions import Intake, utc_now

# A message that was sent has an execution by then, unless the intake queue is behind; one more message does no harm.
LOST_AFTER = timedelta(minutes=2)
MOST = 500  # jobs a run


class Unfinished(Protocol):
    """Unfinished jobs by their deadline."""

    def before(self, deadline: datetime) -> Iterable[Job]: ...


class Executions(Protocol):
    def exists(self, name: str) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Resending:
    """Finds such jobs and sends them. An execution is named by its job, so a second message starts none."""

    jobs: Unfinished
    executions: Executions
    intake: Intake
    model: Model
    deadline: timedelta
    now: Callable[[], datetime] = utc_now

    def lost(self) -> Iterator[Job]:
        """Queued jobs that are older than LOST_AFTER, in time, and have no execution."""
        now = self.now()
        for job in self.jobs.before(now + self.deadline - LOST_AFTER):
            if job.state is JobState.QUEUED and job.deadline > now and not self.executions.exists(job.job_id):
                yield job

    def send(self, job: Job) -> None:
        self.intake.send(job_order(job, self.model.images_per_batch), maker=job.maker)
