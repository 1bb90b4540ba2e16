"""Settlement: every job gets its final state, and its reservation is resolved exactly once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from craftspark.clock import utc_now
from craftspark.errors import JobAlreadyFinal, JobChanged, JobNotFound, RenderFailed
from craftspark.errors.outcomes import JobOverdue
from craftspark.expiry import is_expired
from craftspark.jobs.batches import BatchFailure, BatchResult
from craftspark.jobs.endings import JobEnd
from craftspark.jobs.failures import failure_for_maker
from craftspark.jobs.job import THUMBNAILS_LISTED, ImageFailure, Job, JobRecord, JobState
from craftspark.jobs.resemblance import find_near_identical

UNDELIVERED = RenderFailed.__name__


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A job's result. Delivered images are committed, except for `uncharged` of them, and the others refunded.
    `thumbnails` are indexes of images, and `near_identical` has those that look nearly like an earlier one.
    """

    state: JobState
    delivered: int
    uncharged: int
    thumbnails: tuple[int, ...]
    near_identical: Mapping[int, int]
    failures: tuple[ImageFailure, ...]
    finished_at: datetime


class JobRecords(Protocol):
    """Reads and ends jobs."""

    def read(self, job_id: str) -> JobRecord:
        """The job as makers see it. Raises JobNotFound, also for an expired or deleted job."""

    def read_any(self, job_id: str) -> JobRecord:
        """The job while its item exists, because its reservation must be resolved even if it expired. Raises
        JobNotFound.
        """

    def overdue(self, now: datetime) -> Iterable[str]:
        """The ids of the unfinished jobs whose deadline has passed."""

    def end(self, record: JobRecord, verdict: Verdict) -> Job:
        """Write the verdict and resolve the reservation. Raises JobChanged, and writes nothing then."""


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """Ends jobs. Every way to end a job uses `_end`, and any number of attempts ends it once."""

    records: JobRecords
    now: Callable[[], datetime] = utc_now
    tries: int = 10

    def settle(self, end: JobEnd) -> tuple[Job, bool]:
        """End the job with its stored images. Also returns whether it ended in this call."""
        return self._end(end.job_id, lambda record: decide_verdict(record, failures_of(record, end), self.now()))

    def cancel(self, maker: str, job_id: str) -> Job:
        """End the maker's job immediately. Stored images stay and are charged; the rest is refunded.

        Raises JobNotFound if the maker has no such job, JobAlreadyFinal if it ended in another way.
        """

        def decide(record: JobRecord) -> Verdict:
            verdict = decide_verdict(record, (), self.now())
            complete = verdict.state is JobState.SUCCEEDED
            return verdict if complete else replace(verdict, state=JobState.CANCELLED)

        own(self.records.read(job_id).job, maker)
        job, _ = self._end(job_id, decide)
        if job.state is not JobState.CANCELLED:
            raise JobAlreadyFinal(f"the job has already ended as {job.state}", field="job_id")
        return job

    def overdue(self) -> Iterable[str]:
        """The ids of unfinished jobs whose deadline has passed."""
        return self.records.overdue(self.now())

    def end_overdue(self, job_id: str) -> Job:
        """End a job whose deadline has passed."""
        overdue = JobOverdue("the job did not finish by its deadline")
        return self.settle(JobEnd(job_id=job_id, outcomes=(), error=overdue.name, cause=overdue.detail))[0]

    def _end(self, job_id: str, decide: Callable[[JobRecord], Verdict]) -> tuple[Job, bool]:
        for _ in range(self.tries):
            record = self.records.read_any(job_id)
            if record.job.state.final:
                return record.job, False
            # The images of an expired job cannot be downloaded, so they are not charged.
            fetched = replace(record, images={}) if is_expired(record.job.expires_at, self.now()) else record
            try:
                return self.records.end(record, decide(fetched)), True
            except JobChanged:
                continue
        raise JobChanged(f"job {job_id} changed on each of {self.tries} tries to end it")


def own(job: Job, maker: str) -> Job:
    """The job, if it belongs to this maker. Raises JobNotFound otherwise, so that an id reveals nothing."""
    if job.maker != maker:
        raise JobNotFound(f"you have no job {job.job_id}", field="job_id")
    return job


def failures_of(record: JobRecord, end: JobEnd) -> tuple[ImageFailure, ...]:
    """One failure for each image that is not stored, with the most specific reason, in words for makers."""
    faults = faults_of(end.outcomes)
    of_job = end.error or UNDELIVERED, end.cause or ""
    return tuple(
        failure_of(index, *faults.get(index, of_job)) for index in range(record.job.count) if index not in record.images
    )


def faults_of(outcomes: Sequence[BatchResult | BatchFailure]) -> dict[int, tuple[str, str]]:
    """The error and cause of each failed image: its own, or that of its batch."""
    faults: dict[int, tuple[str, str]] = {}
    for outcome in outcomes:
        if isinstance(outcome, BatchFailure):
            faults.update(dict.fromkeys(outcome.images, (outcome.error, outcome.cause)))
    for outcome in outcomes:
        if isinstance(outcome, BatchResult):
            faults.update({failure.index: (failure.error, failure.reason) for failure in outcome.failed})
    return faults


def first_fault(failures: Sequence[ImageFailure], end: JobEnd) -> str | None:
    """The error name of the first failure in the execution, or None without failures."""
    if not failures:
        return None
    name, _ = faults_of(end.outcomes).get(failures[0].index, (end.error or UNDELIVERED, ""))
    return name


def failure_of(index: int, error: str, detail: str) -> ImageFailure:
    name, reason = failure_for_maker(error, detail)
    return ImageFailure(index=index, error=name, reason=reason)


def decide_verdict(record: JobRecord, failures: tuple[ImageFailure, ...], finished_at: datetime) -> Verdict:
    """The job's final state, from the number of delivered images, and which of them look nearly the same."""
    delivered = len(record.images)
    layouts = {index: image.colour_layout for index, image in record.images.items() if image.colour_layout}
    if delivered == record.job.count:
        state = JobState.SUCCEEDED
    else:
        state = JobState.PARTLY_SUCCEEDED if delivered else JobState.FAILED
    return Verdict(
        state=state,
        delivered=delivered,
        uncharged=len(record.uncharged),
        thumbnails=tuple(sorted(record.images)[:THUMBNAILS_LISTED]),
        near_identical=find_near_identical(layouts),
        failures=failures,
        finished_at=finished_at,
    )
