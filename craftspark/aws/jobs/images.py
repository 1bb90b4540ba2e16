"""Images in the images bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from craftspark.jobs.job import StoredImage, file_key, image_key, images_prefix, keys_of, thumbnail_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


CONTENT_TYPES = {
    "dxf": "image/vnd.dxf",
    "eps": "application/postscript",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}


class FilesLeft(Exception):
    """S3 did not delete all files. A second request deletes the rest."""


@dataclass(frozen=True, kw_only=True)
class ImageBucket:
    """The images bucket. Storing an image again writes the same bytes under the same key.

    `open_body` creates the stream that an upload reads from.
    """

    client: S3Client
    bucket: str
    open_body: Callable[[bytes], BinaryIO] = BytesIO

    def put(self, job_id: str, index: int, *, png: bytes, thumbnail_webp: bytes, files: Mapping[str, bytes]) -> None:
        """Store the image and its files. The image is stored last, so its files exist if the image exists."""
        for name, body in files.items():
            self._put(file_key(job_id, index, name), body)
        self._put(thumbnail_key(job_id, index), thumbnail_webp)
        self._put(image_key(job_id, index), png)

    def drop(self, job_id: str, images: Iterable[StoredImage]) -> None:
        """Delete the files of these images, if they exist. Raises FilesLeft."""
        _delete(self.client, self.bucket, [key for image in images for key in keys_of(job_id, image)])

    def drop_all(self, job_id: str) -> int:
        """Delete every file of a job, recorded or not; returns the number of files. Raises FilesLeft."""
        return delete_below(self.client, self.bucket, images_prefix(job_id))

    def _put(self, key: str, body: bytes) -> None:
        content_type = CONTENT_TYPES[key.rpartition(".")[2]]
        self.client.put_object(Bucket=self.bucket, Key=key, Body=self.open_body(body), ContentType=content_type)


def delete_below(client: S3Client, bucket: str, prefix: str) -> int:
    """Delete every object whose key starts with a prefix; returns their number. Raises FilesLeft."""
    deleted = 0
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        keys = [entry["Key"] for entry in page.get("Contents", [])]
        _delete(client, bucket, keys)
        deleted += len(keys)
    return deleted


def _delete(client: S3Client, bucket: str, keys: list[str]) -> None:
    """Delete these objects. S3 responds with 200 even if it deleted only some of them."""
    if keys:
        response = client.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
        )
        if left := response.get("Errors"):
            raise FilesLeft(f"{len(left)} of {len(keys)} files were not deleted: {left[0].get('Code')}")
