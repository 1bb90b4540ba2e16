"""What the API answers: the shapes of its JSON."""

from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from craftspark.jobs import Job, JobRecord, JobState
from craftspark.sources import UPLOAD
from craftspark.uploads import ContentType, Upload

ImageState = Literal["pending", "done", "failed", "cancelled"]


class ImageView(BaseModel):
    """One image of a job."""

    index: int
    seed: int = Field(description="What it was drawn with; not the one first asked for where that gave a flaw.")
    state: ImageState
    url: str | None = Field(None, description="Where to fetch the PNG, for a while.")
    thumbnail_url: str | None = Field(None, description="Where to fetch a small WebP, for a while.")
    files: dict[str, str] | None = Field(
        None, description="Where to fetch the files beside it, by name, for a while: previews, sheets, cut files."
    )
    width: int | None = None
    height: int | None = None
    scores: dict[str, float] | None = Field(None, description="What was measured on the picture, by name.")
    render_seconds: float | None = Field(None, description="The image's share of the GPU's time.")
    error: str | None = Field(None, description="The name of what kept the image from being delivered.")
    reason: str | None = None


class CreditsView(BaseModel):
    """What became of the job's credits. `price` = `reserved` + `spent` + `refunded`."""

    price: int
    reserved: int
    spent: int
    refunded: int


class JobSummary(BaseModel):
    """A job as the list shows it."""

    job_id: str
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


class JobView(JobSummary):
    """A job with its images."""

    progress: float = Field(description="The share that is done, 0 to 1.")
    images: list[ImageView]


class JobPage(BaseModel):
    """Jobs, newest first. `next_cursor` is there when there are more: give it back as `cursor`."""

    jobs: list[JobSummary]
    next_cursor: str | None = None


class AccountView(BaseModel):
    """Credits: `granted` = `available` + `reserved` + `spent`."""

    granted: int
    available: int
    reserved: int
    spent: int
    active_jobs: int
    max_active_jobs: int


class StyleView(BaseModel):
    """A look that the tool's pictures can have: `name` is the request's `style`."""

    name: str
    title: str
    summary: str
    licence: str


class UploadRequest(BaseModel):
    """What is to be uploaded."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    content_type: ContentType = Field(description="The picture's type.", examples=["image/png"])


class UploadForm(BaseModel):
    """A form to post the picture with: `fields` first, the file last, as multipart/form-data, within 15 minutes."""

    upload_id: str
    url: str
    fields: dict[str, str]
    largest_bytes: int


class UploadView(BaseModel):
    """A picture that was checked. `source` names it in a request."""

    upload_id: str
    source: str
    width: int
    height: int
    alpha: bool = Field(description="Whether it has transparency.")
    expires_at: datetime = Field(description="When it is deleted.")


class PresetView(BaseModel):
    """Words for a look: `name` is the request's `preset`."""

    name: str
    title: str
    summary: str


class ToolView(BaseModel):
    """A tool, and the JSON schema of what it takes."""

    name: str
    title: str
    summary: str
    credits_per_image: int = Field(description="With the model's own settings.")
    sizes: list[str]
    max_steps: int
    styles: list[StyleView]
    presets: list[PresetView]
    request_schema: dict[str, Any]


class ToolList(BaseModel):
    """The tools there are."""

    model: str
    tools: list[ToolView]


class Links(Protocol):
    """Where the parts of an image are fetched."""

    def image(self, job_id: str, index: int) -> str: ...

    def thumbnail(self, job_id: str, index: int) -> str: ...

    def file(self, job_id: str, index: int, name: str) -> str: ...


def upload_view(upload: Upload) -> UploadView:
    return UploadView(
        upload_id=upload.upload_id,
        source=f"{UPLOAD}/{upload.upload_id}",
        width=upload.width,
        height=upload.height,
        alpha=upload.alpha,
        expires_at=upload.expires_at,
    )


def summary_of(job: Job) -> dict[str, Any]:
    credits = CreditsView(
        price=job.price, reserved=0 if job.state.final else job.price, spent=job.spent, refunded=job.refunded
    )
    return {
        "job_id": job.job_id,
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


def job_summary(job: Job) -> JobSummary:
    return JobSummary(**summary_of(job))


def job_view(record: JobRecord, links: Links) -> JobView:
    """A job with its images, and links to those that are stored."""
    images = [image_view(record, index, links) for index in range(record.job.count)]
    return JobView(**summary_of(record.job), progress=round(record.done_share, 3), images=images)


def image_view(record: JobRecord, index: int, links: Links) -> ImageView:
    job, stored = record.job, record.images.get(index)
    if stored:
        return ImageView(
            index=index,
            seed=stored.seed,
            state="done",
            url=links.image(job.job_id, index),
            thumbnail_url=links.thumbnail(job.job_id, index),
            files={name: links.file(job.job_id, index, name) for name in stored.files} or None,
            scores=dict(stored.scores) or None,
            width=stored.width,
            height=stored.height,
            render_seconds=stored.render_s,
        )
    failure = next((failure for failure in job.failures if failure.index == index), None)
    state: ImageState = "pending" if not job.state.final else "cancelled" if job.state == "cancelled" else "failed"
    return ImageView(
        index=index,
        seed=job.seeds[index],
        state=state,
        error=failure.error if failure else None,
        reason=failure.reason if failure else None,
    )
