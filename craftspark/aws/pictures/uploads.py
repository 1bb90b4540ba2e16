"""Uploaded files in their bucket, and the clean pictures with their thumbnails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.aws.faults import is_absent
from craftspark.errors import InvalidInput
from craftspark.uploads import PostForm

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FORM_S = 15 * 60
KEPT_ALREADY = ("PreconditionFailed", "ConditionalRequestConflict")


@dataclass(frozen=True, kw_only=True)
class UploadBucket:
    """The uploads bucket, which holds uploaded files and clean pictures."""

    client: S3Client
    bucket: str

    def form(self, incoming: str, content_type: str, max_bytes: int) -> PostForm:
        """A presigned POST. Unlike a presigned PUT, its policy limits the size."""
        form = self.client.generate_presigned_post(
            self.bucket,
            incoming,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]],
            ExpiresIn=FORM_S,
        )
        return PostForm(url=form["url"], fields=form["fields"])

    def read_incoming(self, key: str, max_bytes: int) -> bytes | None:
        try:
            response = self.client.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if is_absent(error):
                return None
            raise
        # The length in the header may be wrong, so the read itself is limited as well.
        content = response["Body"].read(max_bytes + 1) if response["ContentLength"] <= max_bytes else b""
        if max(response["ContentLength"], len(content)) > max_bytes:
            raise InvalidInput(
                f"the image is larger than {max_bytes} bytes; reduce it and send it again", field="upload"
            )
        return content

    def keep(self, key: str, png: bytes) -> bytes | None:
        try:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=png, ContentType="image/png", IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in KEPT_ALREADY:
                raise
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return None

    def keep_thumbnail(self, key: str, webp: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=webp, ContentType="image/webp")

    def drop(self, *keys: str) -> None:
        for key in keys:
            self.client.delete_object(Bucket=self.bucket, Key=key)
