"""Source pictures: images of jobs, checked uploads, and published pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from craftspark.aws.gallery.origins import OriginTable
from craftspark.aws.jobs.job_table import read_record
from craftspark.aws.pictures.upload_table import UploadTable
from craftspark.errors import InvalidInput, JobNotFound, UploadNotFound
from craftspark.expiry import is_expired
from craftspark.jobs.job import image_key
from craftspark.tools.sources import PICTURE, UPLOAD, Source
from craftspark.uploads import upload_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Finds a maker's own pictures, and published ones."""

    client: DynamoDBClient
    jobs_table: str
    uploads: UploadTable
    origins: OriginTable

    def find(self, maker: str, reference: str, until: datetime, *, field: str) -> Source:
        """See craftspark.tools.sources.Sources."""
        kind, _, name = reference.partition("/")
        if kind == PICTURE:
            return self.origins.find_source(maker, name, field=field)
        source = self._upload(maker, name, until) if kind == UPLOAD else self._image(maker, kind, int(name), until)
        if source is None:
            raise InvalidInput(
                f"you have no image {reference} that is ready and does not expire before the job's deadline; use an "
                "image of one of your jobs or a checked upload",
                field=field,
            )
        return source

    def _image(self, maker: str, job_id: str, index: int, until: datetime) -> Source | None:
        """A stored image. It stays available and is charged even if its job has not ended."""
        try:
            record = read_record(self.client, self.jobs_table, job_id)
        except JobNotFound:
            return None
        image = record.images.get(index)
        if (
            image is None
            or record.job.maker != maker
            or is_expired(record.job.expires_at, until)
            or record.job.images_deleted_at
        ):
            return None
        return Source(
            reference=f"{job_id}/{index}",
            bucket="images",
            key=image_key(job_id, index),
            width=image.width,
            height=image.height,
            alpha=image.alpha,
            object_aspect=image.object_aspect,
            lineage=record.job.lineage,
        )

    def _upload(self, maker: str, upload_id: str, until: datetime) -> Source | None:
        try:
            upload = self.uploads.find(maker, upload_id)
        except UploadNotFound:
            return None
        if upload.facts is None or is_expired(upload.expires_at, until):
            return None
        return Source(
            reference=f"{UPLOAD}/{upload_id}",
            bucket="uploads",
            key=upload_key(maker, upload_id),
            width=upload.facts.width,
            height=upload.facts.height,
            alpha=upload.facts.alpha,
        )
