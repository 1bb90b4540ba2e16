"""A job as lists and submissions answer it: apart from the other views, which a cold submission need not load."""

from datetime import datetime
from typing import Any

from pydantic import Field

from craftspark.jobs import JobOutline, JobState
from lambdas.shapes import View


class CreditsView(View):
    """What became of the job's credits. `price` = `reserved` + `spent` + `refunded`."""

    price: int
    reserved: int
    spent: int
    refunded: int


class JobSummary(View):
    """A job as the list shows it."""

    job_id: str
    title: str | None = Field(None, description="The maker's own name for it.")
    tool: str
    state: JobState
    count: int
    delivered: int
    lane: str
    request: dict[str, Any]
    credits: CreditsView
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime = Field(description="When the job and its images are deleted.")


def summary_of(job: JobOutline) -> dict[str, Any]:
    credits = CreditsView(
        price=job.price, reserved=0 if job.state.final else job.price, spent=job.spent, refunded=job.refunded
    )
    return {
        "job_id": job.job_id,
        "title": job.title,
        "tool": job.tool,
        "state": job.state,
        "count": job.count,
        "delivered": job.delivered,
        "lane": job.lane,
        "request": job.request,
        "credits": credits,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
    }


def job_summary(job: JobOutline) -> JobSummary:
    return JobSummary(**summary_of(job))
