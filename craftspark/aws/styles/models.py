"""Models in the models bucket: `<prefix>/manifest.json` and the files that it lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError, S3ValidationError

from craftspark.aws.faults import is_absent
from craftspark.errors import ModelUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1024 * 1024
MAX_SMALL_FILE = 8 * MIB
# Parallel ranges of a file use the full network bandwidth of a GPU instance; one stream does not. A download that is
# consumed in order holds at most ten ranges and the queue in memory: 80 and 32 MiB. Files of one range are requested as
# a range too: only that way, s3transfer continues after a part that it has passed on, and pins the version.
RANGES_AT_ONCE = 8
_RANGES = TransferConfig(
    multipart_threshold=1,
    multipart_chunksize=8 * MIB,
    max_concurrency=RANGES_AT_ONCE,
    num_download_attempts=5,
    io_chunksize=MIB,
    max_io_queue=32,
)
_PARTS = TransferConfig(max_concurrency=16, multipart_chunksize=16 * MIB)


class Sink(Protocol):
    """Takes the parts of a file in order. It has no `seek`, which would make the parts come in any order."""

    def write(self, part: bytes, /) -> int:
        """Take the next part and return its size."""


@dataclass(frozen=True, kw_only=True)
class ModelBucket:
    """Downloads and uploads single files of a model, large files in parallel ranges."""

    client: S3Client
    bucket: str

    def read(self, prefix: str, name: str) -> bytes:
        """Return a small file. Raises FileNotFoundError if it does not exist, and ModelUnavailable if it is large."""
        try:
            response = self.client.get_object(Bucket=self.bucket, Key=f"{prefix}/{name}")
        except ClientError as error:
            if is_absent(error):
                raise FileNotFoundError(self._address(prefix, name)) from None
            raise
        with response["Body"] as body:
            if response["ContentLength"] > MAX_SMALL_FILE:
                raise ModelUnavailable(f"{self._address(prefix, name)} has more than {MAX_SMALL_FILE} bytes")
            return body.read()

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Return the size in bytes of each file by its name."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{prefix}/")
        files = (each for page in pages for each in page.get("Contents", []))
        return {each["Key"].removeprefix(f"{prefix}/"): each["Size"] for each in files}

    def download(self, prefix: str, name: str, sink: Sink) -> None:
        """Write a file to `sink` in order, while later ranges are downloaded. All ranges are of one version.

        Raises FileNotFoundError if the file does not exist, ModelUnavailable if it is replaced meanwhile, and
        ConnectionError if a range is still incomplete after five attempts.
        """
        address = self._address(prefix, name)
        try:
            self.client.download_fileobj(self.bucket, f"{prefix}/{name}", cast("IO[bytes]", sink), Config=_RANGES)
        except ClientError as error:
            if is_absent(error):
                raise FileNotFoundError(address) from None
            raise
        except (S3DownloadFailedError, S3ValidationError) as error:
            raise ModelUnavailable(f"{address} was replaced while it was downloaded: {error}") from None
        except RetriesExceededError as error:
            raise ConnectionError(f"{address} is not complete: {error.last_exception}") from error

    def upload(self, prefix: str, name: str, path: Path) -> None:
        self.client.upload_file(str(path), self.bucket, f"{prefix}/{name}", Config=_PARTS)

    def _address(self, prefix: str, name: str) -> str:
        return f"s3://{self.bucket}/{prefix}/{name}"
