"""How an execution's end reaches `settle_job`, and how everybody else learns of the job's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from craftspark.contracts import Contract, Event
from craftspark.jobs.batches import BatchFailure, BatchResult
from craftspark.jobs.job import Job, JobState


@dataclass(frozen=True, kw_only=True)
class JobEnd(Contract):
    """The input of `settle_job`: the results of the job's batches, and the execution's own error if it has one."""

    job_id: str
    outcomes: tuple[BatchResult | BatchFailure, ...]
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, kw_only=True)
class JobSettled(Event):
    """A job has ended: what `settle_job` returns, and the event that the state machine sends.

    `error` is the name of what went wrong first, as logs and the execution have it; None where nothing did.
    """

    source: ClassVar[str] = "craftspark.jobs"

    job_id: str
    maker: str
    tool: str
    state: JobState
    delivered: int
    requested: int
    error: str | None = None

    @classmethod
    def of(cls, job: Job, error: str | None) -> Self:
        """The event of a job that is final."""
        return cls(
            job_id=job.job_id,
            maker=job.maker,
            tool=job.tool,
            state=job.state,
            delivered=job.delivered,
            requested=job.count,
            error=error,
        )
