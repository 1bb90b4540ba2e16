"""The bytes of source pictures, as a worker fetches them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.aws.faults import is_absent
from craftspark.errors import SourceMissing
from craftspark.tools.sources import Bucket, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


PART_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class SourceBytes:
    """Downloads source pictures from the buckets, which craftspark.tools.sources names. Calls `on_part` after each
    part.
    """

    client: S3Client
    buckets: Mapping[Bucket, str]
    on_part: Callable[[], None] = lambda: None

    def __call__(self, source: Source) -> bytes:
        """The PNG. Raises SourceMissing."""
        try:
            body = self.client.get_object(Bucket=self.buckets[source.bucket], Key=source.key)["Body"]
        except ClientError as error:
            if is_absent(error):
                raise SourceMissing(f"the source {source.reference} no longer exists") from None
            raise
        content = bytearray()
        for part in body.iter_chunks(PART_BYTES):
            content += part
            self.on_part()
        return bytes(content)
