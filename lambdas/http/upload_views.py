"""Request and response bodies of uploads."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from craftspark.jobs.downloads import Download, Links
from craftspark.tools.sources import UPLOAD
from craftspark.uploads import ContentType, Facts, Upload, upload_key, upload_thumbnail_key
from lambdas.http.schemas import NEXT_CURSOR, Body, View


class UploadRequest(Body):
    """The type of an image to upload."""

    content_type: ContentType = Field(description="Media type of the image.", examples=["image/png"])


class UploadForm(View):
    """A form for sending the image to Amazon S3. The form is valid for 15 minutes.

    Send a POST request with `multipart/form-data` to `url`: first all `fields`, then the file as `file`.
    """

    upload_id: str = Field(description="ID of the upload.")
    url: str = Field(description="URL to send the form to.")
    fields: dict[str, str] = Field(description="Form fields to send before the file, with their values.")
    largest_bytes: int = Field(description="Maximum size of the file, in bytes.")


class UploadView(View):
    """A checked upload."""

    upload_id: str = Field(description="ID of the upload.")
    source: str = Field(description="Value for `source` in a request to a tool.")
    width: int = Field(description="Width in pixels.")
    height: int = Field(description="Height in pixels.")
    alpha: bool = Field(description="Whether the image has transparency.")
    url: str = Field(description="Temporary URL of the image, as a PNG.")
    thumbnail_url: str = Field(description="Temporary URL of a small WebP image.")
    expires_at: datetime = Field(description="Time at which the upload is deleted.")


class UploadSummary(View):
    """An upload in a list."""

    upload_id: str = Field(description="ID of the upload.")
    state: Literal["open", "ready"] = Field(description="`open` until the image is sent and checked, then `ready`.")
    source: str | None = Field(None, description="Value for `source` in a request to a tool. Only if ready.")
    width: int | None = Field(None, description="Width in pixels. Only if ready.")
    height: int | None = Field(None, description="Height in pixels. Only if ready.")
    alpha: bool | None = Field(None, description="Whether the image has transparency. Only if ready.")
    url: str | None = Field(None, description="Temporary URL of the image, as a PNG. Only if ready.")
    thumbnail_url: str | None = Field(None, description="Temporary URL of a small WebP image. Only if ready.")
    created_at: datetime = Field(description="Time at which the upload was created.")
    expires_at: datetime = Field(description="Time at which the upload is deleted.")


class UploadPage(View):
    """A page of uploads, newest first."""

    uploads: list[UploadSummary] = Field(description="The uploads of this page.")
    next_cursor: str | None = Field(None, description=NEXT_CURSOR)


def upload_view(maker: str, upload: Upload, facts: Facts, links: Links) -> UploadView:
    return UploadView(
        upload_id=upload.upload_id, expires_at=upload.expires_at, **_ready_facts(maker, upload, facts, links)
    )


def upload_summaries(maker: str, uploads: Sequence[Upload], links: Links) -> list[UploadSummary]:
    return [
        UploadSummary(
            upload_id=upload.upload_id,
            state="ready" if upload.facts else "open",
            created_at=upload.created_at,
            expires_at=upload.expires_at,
            **(_ready_facts(maker, upload, upload.facts, links) if upload.facts else {}),
        )
        for upload in uploads
    ]


def _ready_facts(maker: str, upload: Upload, facts: Facts, links: Links) -> dict[str, Any]:
    """What only a checked upload has."""
    keys = (key(maker, upload.upload_id) for key in (upload_key, upload_thumbnail_key))
    url, thumbnail_url = links([Download(key, until=upload.expires_at) for key in keys])
    return {**asdict(facts), "source": f"{UPLOAD}/{upload.upload_id}", "url": url, "thumbnail_url": thumbnail_url}
