"""Images in the images bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.jobs import file_key, image_key, thumbnail_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


CONTENT_TYPES = {"png": "image/png", "webp": "image/webp", "svg": "image/svg+xml"}


@dataclass(frozen=True, kw_only=True)
class ImageLinks:
    """Presigned links to images, good for `lifetime_s` seconds or until the signing role's credentials end."""

    client: S3Client
    bucket: str
    lifetime_s: int

    def image(self, job_id: str, index: int) -> str:
        return self._link(image_key(job_id, index))

    def thumbnail(self, job_id: str, index: int) -> str:
        return self._link(thumbnail_key(job_id, index))

    def file(self, job_id: str, index: int, name: str) -> str:
        return self._link(file_key(job_id, index, name))

    def _link(self, key: str) -> str:
        return self.client.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": key}, ExpiresIn=self.lifetime_s
        )


@dataclass(frozen=True, kw_only=True)
class ImageBucket:
    """Where the worker puts images. The same image put twice is the same bytes under the same key."""

    client: S3Client
    bucket: str

    def put(self, job_id: str, index: int, *, png: bytes, thumbnail_webp: bytes, files: Mapping[str, bytes]) -> None:
        """The picture last: where it is, the files beside it are."""
        for name, body in files.items():
            self._put(file_key(job_id, index, name), body)
        self._put(thumbnail_key(job_id, index), thumbnail_webp)
        self._put(image_key(job_id, index), png)

    def _put(self, key: str, body: bytes) -> None:
        content_type = CONTENT_TYPES[key.rpartition(".")[2]]
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type)
