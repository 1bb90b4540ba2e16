"""The summary of a job. It is apart from the other views so that a cold submission does not load them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from craftspark.jobs.job import JobOutline, JobState
from lambdas.http.schemas import View


class CreditsView(View):
    """Credits of a job: `price` = `reserved` + `spent` + `refunded`."""

    price: int = Field(description="Price of the job.")
    reserved: int = Field(description="Credits reserved for an unfinished job.")
    spent: int = Field(description="Credits charged for delivered images.")
    refunded: int = Field(
        description="Credits returned for images that were not delivered or, with some plans, do not show "
        "their subject."
    )


class JobSummary(View):
    """A job without its images."""

    job_id: str = Field(description="ID of the job.")
    title: str | None = Field(None, description="Title that the maker gave the job.")
    tool: str = Field(description="Name of the tool.")
    state: JobState = Field(description="State of the job.")
    count: int = Field(description="Number of requested images.")
    delivered: int = Field(description="Number of delivered images.")
    lane: str = Field(description="Processing lane, `interactive` or `bulk`.")
    request: dict[str, Any] = Field(description="The request, with the defaults of the model filled in.")
    credits: CreditsView = Field(description="Price and charges of the job.")
    remix_of: str | None = Field(
        None, description="ID of the published picture that the job starts from. Absent if there is none."
    )
    created_at: datetime = Field(description="Time at which the job was created.")
    started_at: datetime | None = Field(None, description="Time at which rendering started.")
    finished_at: datetime | None = Field(None, description="Time at which the job ended.")
    expires_at: datetime = Field(description="Time at which the job and its images are deleted.")


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
        "remix_of": job.remix_of,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
    }


def job_summary(job: JobOutline) -> JobSummary:
    return JobSummary(**summary_of(job))
