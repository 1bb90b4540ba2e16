"""What the API answers: the shapes of its JSON."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice, repeat
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from craftspark.downloads import Download, downloads_of, stem_of
from craftspark.failures import FAILURE_NAMES
from craftspark.jobs import THUMBNAILS_LISTED, JobOutline, JobRecord, thumbnail_key
from craftspark.parsing import LINE
from craftspark.sources import UPLOAD
from craftspark.submissions import Quote
from craftspark.uploads import ContentType, Facts, Upload
from lambdas.job_summaries import JobSummary, summary_of
from lambdas.shapes import Body, View

ImageState = Literal["pending", "done", "failed", "cancelled", "deleted"]


class ImageView(View):
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
    error: Annotated[str, Field(json_schema_extra={"enum": [*FAILURE_NAMES]})] | None = Field(
        None, description="The name of what kept the image from being delivered; it was not charged."
    )
    reason: str | None = Field(None, description="The same in a sentence, for the maker.")


class ListedJob(JobSummary):
    """A job in the list."""

    thumbnail_urls: list[str] = Field(
        description=f"Links to thumbnails of up to {THUMBNAILS_LISTED} delivered images; empty until the job has ended."
    )


class JobView(JobSummary):
    """A job with its images."""

    progress: float = Field(description="The share that is done, 0 to 1.")
    images: list[ImageView]


class InspectedJob(JobView):
    """A job as operators see it."""

    maker: str
    deadline: datetime = Field(description="When it is ended, if nothing else did.")


class JobPage(View):
    """Jobs, newest first. `next_cursor` is there when there are more: give it back as `cursor`."""

    jobs: list[ListedJob]
    next_cursor: str | None = None


class AccountJobPage(View):
    """A maker's jobs as operators see them, newest first. `next_cursor` is there when there are more."""

    jobs: list[JobSummary]
    next_cursor: str | None = None


class StyleView(View):
    """A look that the tool's pictures can have: `name` is the request's `style`."""

    name: str
    title: str
    summary: str
    licence: str


class CheaperView(View):
    """What other settings would cost and take: `changes` are fields of the request."""

    changes: dict[str, Any]
    price: int
    estimated_render_s: int = Field(description="Seconds from the first step to the job's end.")


class QuoteView(View):
    """What a job would cost, in credits, and take. Times are estimates from the work that waits at this moment and from
    what the workers measured lately."""

    price: int
    credits_per_image: int
    estimated_wait_s: int = Field(description="Seconds from the submission to the first step.")
    estimated_render_s: int = Field(description="Seconds from the first step to the job's end.")
    estimated_total_s: int = Field(description="Seconds from the submission to the job's end: both of them.")
    cheaper: list[CheaperView]


class LiveView(View):
    """Where to open a WebSocket for live updates: once, within `good_for_s` seconds."""

    url: str
    good_for_s: int


class JobChanges(Body):
    """What a maker may change of a job."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), LINE] = Field(
        description="A name of your own; empty for none.", examples=["Apples for the kitchen"]
    )


class UploadRequest(Body):
    """What is to be uploaded."""

    content_type: ContentType = Field(description="The picture's type.", examples=["image/png"])


class UploadForm(View):
    """A form to post the picture with: `fields` first, the file last, as multipart/form-data, within 15 minutes."""

    upload_id: str
    url: str
    fields: dict[str, str]
    largest_bytes: int


class UploadView(View):
    """A picture that was checked. `source` names it in a request."""

    upload_id: str
    source: str
    width: int
    height: int
    alpha: bool = Field(description="Whether it has transparency.")
    expires_at: datetime = Field(description="When it is deleted.")


class UploadSummary(View):
    """An upload as the list shows it. One that is ready has a `source` that names it in a request."""

    upload_id: str
    state: Literal["open", "ready"] = Field(description="`open` until its picture was sent and checked.")
    source: str | None = None
    width: int | None = None
    height: int | None = None
    alpha: bool | None = Field(None, description="Whether it has transparency.")
    created_at: datetime
    expires_at: datetime = Field(description="When it is deleted.")


class UploadPage(View):
    """Uploads, newest first. `next_cursor` is there when there are more: give it back as `cursor`."""

    uploads: list[UploadSummary]
    next_cursor: str | None = None


class PresetView(View):
    """Words for a look: `name` is the request's `preset`."""

    name: str
    title: str
    summary: str


class ToolView(View):
    """A tool, and the JSON schema of what it takes."""

    name: str
    title: str
    summary: str
    credits_per_image: int = Field(description="With the model's own settings.")
    sizes: list[str]
    max_steps: int
    max_prompt_tokens: int | None = Field(
        None, description="The most tokens of each text, preset included; absent for a tool that draws nothing."
    )
    styles: list[StyleView]
    presets: list[PresetView]
    request_schema: dict[str, Any]


class ToolList(View):
    """The tools there are."""

    model: str
    tools: list[ToolView]


Links = Callable[[list[Download]], list[str]]  # where these objects are fetched


def quote_view(quote: Quote) -> QuoteView:
    return QuoteView(
        price=quote.price,
        credits_per_image=quote.credits_per_image,
        estimated_wait_s=quote.estimate.wait_s,
        estimated_render_s=quote.estimate.render_s,
        estimated_total_s=quote.estimate.total_s,
        cheaper=[
            CheaperView(changes=each.changes, price=each.price, estimated_render_s=each.render_s)
            for each in quote.cheaper
        ],
    )


def upload_view(upload: Upload, facts: Facts) -> UploadView:
    return UploadView(
        upload_id=upload.upload_id,
        source=f"{UPLOAD}/{upload.upload_id}",
        width=facts.width,
        height=facts.height,
        alpha=facts.alpha,
        expires_at=upload.expires_at,
    )


def upload_summary(upload: Upload) -> UploadSummary:
    facts = upload.facts
    return UploadSummary(
        upload_id=upload.upload_id,
        state="ready" if facts else "open",
        source=f"{UPLOAD}/{upload.upload_id}" if facts else None,
        width=facts.width if facts else None,
        height=facts.height if facts else None,
        alpha=facts.alpha if facts else None,
        created_at=upload.created_at,
        expires_at=upload.expires_at,
    )


def listed_jobs(jobs: Sequence[JobOutline], links: Links) -> list[ListedJob]:
    """Jobs as the list shows them, with links to their thumbnails, all made at once."""
    shown = [() if job.images_deleted_at else job.thumbnails for job in jobs]
    thumbnails = [
        Download(thumbnail_key(job.job_id, index), until=job.expires_at)
        for job, indexes in zip(jobs, shown, strict=True)
        for index in indexes
    ]
    urls = iter(links(thumbnails) if thumbnails else [])
    return [
        ListedJob(**summary_of(job), thumbnail_urls=list(islice(urls, len(indexes))))
        for job, indexes in zip(jobs, shown, strict=True)
    ]


def job_view(record: JobRecord, links: Links) -> JobView:
    """A job with its images, and links to those that are stored, all made at once."""
    job = record.job
    there = {} if job.images_deleted_at else record.images
    stem = stem_of(job)
    downloads = [each for _, image in sorted(there.items()) for each in downloads_of(job, image, stem)]
    urls = iter(links(downloads) if downloads else [])
    images = [image_view(record, index, urls) for index in range(job.count)]
    return JobView(**summary_of(job), progress=round(record.done_share, 3), images=images)


def inspected_job(record: JobRecord) -> InspectedJob:
    """A job as operators see it: whose it is, and no way to its pictures."""
    images = [
        image_view(record, index, repeat("")).model_copy(update={"url": None, "thumbnail_url": None, "files": None})
        for index in range(record.job.count)
    ]
    return InspectedJob(
        **summary_of(record.job),
        maker=record.job.maker,
        deadline=record.job.deadline,
        progress=round(record.done_share, 3),
        images=images,
    )


def image_view(record: JobRecord, index: int, urls: Iterator[str]) -> ImageView:
    job, stored = record.job, record.images.get(index)
    if stored and job.images_deleted_at:
        return ImageView(index=index, seed=stored.seed, state="deleted", width=stored.width, height=stored.height)
    if stored:
        return ImageView(
            index=index,
            seed=stored.seed,
            state="done",
            url=next(urls),
            thumbnail_url=next(urls),
            files={name: next(urls) for name in stored.files} or None,
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
