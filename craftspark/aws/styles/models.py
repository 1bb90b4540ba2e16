"""Models in the models bucket: `<prefix>/manifest.json` and the files that it lists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from craftspark.aws.faults import is_absent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Parallel ranges of a file use the full network bandwidth of a GPU instance; one stream does not.
_RANGES = TransferConfig(max_concurrency=16, multipart_chunksize=16 * 1024 * 1024)


@dataclass(frozen=True, kw_only=True)
class ModelBucket:
    """Downloads and uploads single files of a model, large files in parallel ranges."""

    client: S3Client
    bucket: str

    def download(self, prefix: str, name: str, path: Path) -> None:
        """Raises FileNotFoundError if the file does not exist."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.client.download_file(self.bucket, f"{prefix}/{name}", str(path), Config=_RANGES)
        except ClientError as error:
            if is_absent(error):
                raise FileNotFoundError(f"s3://{self.bucket}/{prefix}/{name}") from None
            raise

    def upload(self, prefix: str, name: str, path: Path) -> None:
        self.client.upload_file(str(path), self.bucket, f"{prefix}/{name}", Config=_RANGES)
