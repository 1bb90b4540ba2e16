"""Zips of jobs in the images bucket."""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from botocore.exceptions import ClientError

from craftspark.aws.jobs.images import delete_below
from craftspark.errors import FilesMissing, FilesTooLarge
from craftspark.jobs.zips import TERMS_NAME, JobZip, zips_prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A function has 512 MiB of disk by default.
MAX_ZIP_BYTES = 400_000_000
CHUNK_BYTES = 1 << 20
# Their content is compressed already.
COMPRESSED = ("png", "webp")


@dataclass(frozen=True, kw_only=True)
class ZipBucket:
    """The zips in the images bucket. S3 deletes each after a day."""

    client: S3Client
    bucket: str

    def find(self, wanted: JobZip) -> int | None:
        """The size in bytes of a zip that was made earlier, or None."""
        key = wanted.download.key
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=key)
        return next((entry["Size"] for entry in listed.get("Contents", []) if entry["Key"] == key), None)

    def make(self, wanted: JobZip) -> int:
        """Make a zip, and return its size in bytes. Two callers make the same bytes. Raises FilesMissing if a file was
        deleted, and FilesTooLarge.
        """
        with TemporaryFile() as disk:
            with ZipFile(disk, "w") as into:
                left = MAX_ZIP_BYTES
                for file in wanted.files:
                    left -= self._copy(file.key, into, _entry(file.name), left)
                into.writestr(_entry(TERMS_NAME), wanted.terms)
            size = disk.tell()
            disk.seek(0)
            self.client.upload_fileobj(
                disk, self.bucket, wanted.download.key, ExtraArgs={"ContentType": "application/zip"}
            )
        return size

    def drop(self, job_id: str) -> None:
        """Delete the zips of a job. Raises FilesLeft."""
        delete_below(self.client, self.bucket, zips_prefix(job_id))

    def _copy(self, key: str, into: ZipFile, entry: ZipInfo, left: int) -> int:
        """Copy an object into a zip in which `left` bytes are left. Returns its size in bytes."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise FilesMissing("files of the job were deleted", field="job_id") from None
            raise
        size = found["ContentLength"]
        if size > left:
            raise FilesTooLarge(
                f"the files have more than {MAX_ZIP_BYTES // 1_000_000} MB; download them one by one", field="job_id"
            )
        with into.open(entry, "w") as target:
            for chunk in found["Body"].iter_chunks(CHUNK_BYTES):
                target.write(chunk)
        return size


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name)  # dated 1 January 1980: every copy of a zip has the same bytes
    entry.compress_type = ZIP_STORED if name.rpartition(".")[2] in COMPRESSED else ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
