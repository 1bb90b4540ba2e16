"""Request and response bodies of jobs, quotes, live connections and tools."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice, repeat
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from craftspark.jobs.downloads import Download, Links, downloads_of, stem_of, terms_of_job
from craftspark.jobs.failures import FAILURE_NAMES
from craftspark.jobs.job import THUMBNAILS_LISTED, JobOutline, JobRecord, thumbnail_key
from craftspark.jobs.resemblance import describe_warnings
from craftspark.jobs.submissions import Quote
from craftspark.parsing.texts import LINE
from lambdas.http.file_views import TermsView, terms_view
from lambdas.http.job_summaries import JobSummary, summary_of
from lambdas.http.schemas import NEXT_CURSOR, Body, View

ImageState = Literal["pending", "done", "failed", "cancelled", "deleted"]


class ImageView(View):
    """One image of a job."""

    index: int = Field(description="Number of the image within its job, from 0.")
    seed: int = Field(
        description="Seed that the image was drawn with. Differs from the requested seed if the first drawing was "
        "flawed and a second one replaced it."
    )
    state: ImageState = Field(description="State of the image.")
    url: str | None = Field(None, description="Temporary URL of the PNG file.")
    thumbnail_url: str | None = Field(None, description="Temporary URL of a WebP thumbnail.")
    files: dict[str, str] | None = Field(
        None, description="Temporary URLs of further files of the image, by name: previews, sheets, cut files."
    )
    width: int | None = Field(None, description="Width in pixels.")
    height: int | None = Field(None, description="Height in pixels.")
    scores: dict[str, float] | None = Field(None, description="Quality scores of the image, by name.")
    warning: str | None = Field(
        None,
        description="How the image may differ from the request, and whether it looks nearly like an earlier image of "
        "the job. It was delivered nevertheless, and charged unless `refunded` is true.",
    )
    refunded: bool | None = Field(
        None,
        description="True for a delivered image that is not charged, because neither of two drawings shows its subject "
        "and the plan refunds such images. The refund is made when the job ends. Words that the model does not know "
        "are charged.",
    )
    near_identical_to: int | None = Field(
        None,
        description="`index` of the first earlier image of the job that this one looks nearly like. For some "
        "prompts, a model draws nearly the same picture with every seed. The images are compared when the job ends.",
    )
    render_seconds: float | None = Field(None, description="GPU time spent on the image, in seconds.")
    error: Annotated[str, Field(json_schema_extra={"enum": [*FAILURE_NAMES]})] | None = Field(
        None, description="Name of the error if the image was not delivered. Such an image is not charged."
    )
    reason: str | None = Field(None, description="Explanation of `error` for the maker.")


class ListedJob(JobSummary):
    """A job in a list, with links to thumbnails."""

    thumbnail_urls: list[str] = Field(
        description=f"Temporary URLs of thumbnails of up to {THUMBNAILS_LISTED} delivered images. Empty until the job "
        "has ended."
    )


class JobView(JobSummary):
    """A job with its images."""

    progress: float = Field(description="Completed fraction of the job, 0 to 1.")
    images: list[ImageView] = Field(description="The images of the job, by index.")
    terms: TermsView = Field(description="Terms of the images.")


class InspectedJob(JobView):
    """A job with its images as operators see it. It has no URLs."""

    maker: str = Field(description="ID of the maker who owns the job: the `sub` claim of their access tokens.")
    deadline: datetime = Field(description="Time limit of the job. An unfinished job is ended at this time.")


class JobPage(View):
    """A page of jobs, newest first."""

    jobs: list[ListedJob] = Field(description="The jobs of this page.")
    next_cursor: str | None = Field(None, description=NEXT_CURSOR)


class AccountJobPage(View):
    """A page of a maker's jobs as operators see them, newest first."""

    jobs: list[JobSummary] = Field(description="The jobs of this page.")
    next_cursor: str | None = Field(None, description=NEXT_CURSOR)


class StyleView(View):
    """A style that a tool can draw in."""

    name: str = Field(description="Value for `style` in a request.")
    title: str = Field(description="Display name.")
    summary: str = Field(description="One sentence about the style.")
    licence: str = Field(description="Licence of the style.")


class CheaperView(View):
    """A cheaper variant of a request."""

    changes: dict[str, Any] = Field(description="Request fields to change, with their new values.")
    price: int = Field(description="Price of the job with these changes, in credits.")
    estimated_render_s: int = Field(
        description="Estimated time from the start of rendering to the end of the job with these changes, in seconds."
    )


class QuoteView(View):
    """Price and estimated duration of a job. The estimates use the current backlog and recent render times."""

    price: int = Field(description="Price of the job, in credits.")
    credits_per_image: int = Field(description="Price of one image, in credits.")
    estimated_wait_s: int = Field(description="Estimated time from submission to the start of rendering, in seconds.")
    estimated_render_s: int = Field(
        description="Estimated time from the start of rendering to the end of the job, in seconds."
    )
    estimated_total_s: int = Field(description="Sum of `estimated_wait_s` and `estimated_render_s`.")
    cheaper: list[CheaperView] = Field(description="Cheaper variants of the request, the most similar first.")
    publishable: bool = Field(
        description="False if a picture that the images come from was taken down: the job can be created, but its "
        "images cannot be published."
    )


class LiveView(View):
    """A single-use WebSocket URL for live updates."""

    url: str = Field(description="URL to connect to. It is valid for one connection.")
    good_for_s: int = Field(description="Number of seconds for which the URL is valid.")


class JobChanges(Body):
    """Changes to a job."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), LINE] = Field(
        description="New title of the job. An empty string removes the title.", examples=["Apples for the kitchen"]
    )


class PresetView(View):
    """A preset: words for a style, which are added to the prompt."""

    name: str = Field(description="Value for `preset` in a request.")
    title: str = Field(description="Display name.")
    summary: str = Field(description="One sentence about the preset.")


class ToolView(View):
    """A tool, with the values and the JSON schema of its requests."""

    name: str = Field(description="Name of the tool, as in the path of its jobs.")
    model: str = Field(description="Name of the model that the tool uses.")
    title: str = Field(description="Display name.")
    summary: str = Field(description="One sentence about the tool.")
    credits_per_image: int = Field(description="Price of one image with the model's default settings, in credits.")
    terms: TermsView = Field(description="Terms of the images without a style. A style can add its own.")
    sizes: list[str] = Field(description="Supported values for `size`, as width x height in pixels.")
    max_steps: int | None = Field(None, description="Maximum value for `steps`. Absent for tools without steps.")
    max_prompt_tokens: int | None = Field(
        None, description="Maximum number of tokens in a prompt, preset included. Absent for tools without a prompt."
    )
    styles: list[StyleView] = Field(description="Supported values for `style`.")
    presets: list[PresetView] = Field(description="Supported values for `preset`.")
    request_schema: dict[str, Any] = Field(description="JSON schema of the request body.")


class ToolList(View):
    """All tools."""

    tools: list[ToolView] = Field(description="The tools.")


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
        publishable=quote.publishable,
    )


def listed_jobs(jobs: Sequence[JobOutline], links: Links) -> list[ListedJob]:
    """Jobs for a list. One call creates the URLs of all thumbnails."""
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
    """A job with its images. One call creates the URLs of all stored files."""
    job = record.job
    stem = stem_of(job)
    downloads = [each for image in record.available for each in downloads_of(job, image, stem)]
    urls = iter(links(downloads) if downloads else [])
    images = [image_view(record, index, urls) for index in range(job.count)]
    terms = terms_view(terms_of_job(job))
    return JobView(**summary_of(job), progress=round(record.done_share, 3), images=images, terms=terms)


def inspected_job(record: JobRecord) -> InspectedJob:
    """A job as operators see it: with its maker and without URLs."""
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
        terms=terms_view(terms_of_job(record.job)),
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
            **describe_warnings(stored.warning, job.near_identical.get(index), job.request),
            refunded=True if index in record.uncharged else None,
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
