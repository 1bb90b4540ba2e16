"""Copies of published images in the gallery bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.aws.faults import is_absent
from craftspark.errors import FilesMissing
from craftspark.gallery.publishing import THUMBNAIL_FILE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HIDDEN = "hidden/"  # before the folder of a picture that is not public


@dataclass(frozen=True, kw_only=True)
class ThumbnailFiles:
    """See craftspark.gallery.indexing.Thumbnails."""

    client: S3Client
    gallery_bucket: str

    def read_thumbnail(self, folder: str) -> bytes:
        try:
            found = self.client.get_object(Bucket=self.gallery_bucket, Key=f"{folder}/{THUMBNAIL_FILE}")
        except ClientError as error:
            if is_absent(error):
                raise FilesMissing("the picture was taken back") from None
            raise
        return found["Body"].read()


@dataclass(frozen=True, kw_only=True)
class PictureBucket:
    """See craftspark.gallery.publishing.PictureCopies. S3 copies the objects without the function."""

    client: S3Client
    images_bucket: str
    gallery_bucket: str

    def copy(self, folder: str, files: Mapping[str, str]) -> None:
        for name, key in files.items():
            if not self._copy(self.images_bucket, key, f"{folder}/{name}"):
                raise FilesMissing("the image was deleted", field="index")

    def drop(self, folder: str, names: Sequence[str]) -> None:
        for name in names:
            for key in (f"{folder}/{name}", f"{HIDDEN}{folder}/{name}"):
                self.client.delete_object(Bucket=self.gallery_bucket, Key=key)

    def hide(self, folder: str, names: Sequence[str]) -> None:
        for name in names:
            key = f"{folder}/{name}"
            if self._copy(self.gallery_bucket, key, f"{HIDDEN}{key}"):
                self.client.delete_object(Bucket=self.gallery_bucket, Key=key)

    def bring_back(self, old: str, new: str, names: Sequence[str]) -> None:
        for name in names:
            # A file that is being hidden exists in the second place before it leaves the first.
            places = (f"{old}/{name}", f"{HIDDEN}{old}/{name}")
            if not any(self._copy(self.gallery_bucket, place, f"{new}/{name}") for place in places):
                raise FilesMissing("the files of the picture were deleted", field="picture_id")

    def _copy(self, bucket: str, key: str, copy: str) -> bool:
        """Copy an object into the gallery bucket. False if it does not exist."""
        try:
            self.client.copy_object(Bucket=self.gallery_bucket, Key=copy, CopySource={"Bucket": bucket, "Key": key})
        except ClientError as error:
            if is_absent(error):
                return False
            raise
        return True
