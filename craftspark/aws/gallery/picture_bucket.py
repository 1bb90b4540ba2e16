"""Copies of published images in the gallery bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.aws.faults import is_absent
from craftspark.errors import FilesMissing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class PictureBucket:
    """See craftspark.gallery.publishing.PictureCopies. S3 copies the objects without the function."""

    client: S3Client
    images_bucket: str
    gallery_bucket: str

    def copy(self, folder: str, files: Mapping[str, str]) -> None:
        for name, key in files.items():
            try:
                self.client.copy_object(
                    Bucket=self.gallery_bucket,
                    Key=f"{folder}/{name}",
                    CopySource={"Bucket": self.images_bucket, "Key": key},
                )
            except ClientError as error:
                if is_absent(error):
                    raise FilesMissing("the image was deleted", field="index") from None
                raise

    def drop(self, folder: str, names: Sequence[str]) -> None:
        for name in names:
            self.client.delete_object(Bucket=self.gallery_bucket, Key=f"{folder}/{name}")
