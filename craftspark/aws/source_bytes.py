"""The bytes of source pictures, as a worker fetches them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.aws.uploads import ABSENT
from craftspark.errors import SourceMissing
from craftspark.sources import Bucket, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class SourceBytes:
    """Fetches sources from the buckets, by their names in craftspark.sources."""

    client: S3Client
    buckets: Mapping[Bucket, str]

    def __call__(self, source: Source) -> bytes:
        """The PNG; raises SourceMissing."""
        try:
            return self.client.get_object(Bucket=self.buckets[source.bucket], Key=source.key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                raise SourceMissing(f"the source {source.reference} is gone") from None
            raise
