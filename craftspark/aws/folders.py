"""Folders of files in a bucket: the objects under a prefix."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class FolderUnreadable(Exception):
    """The bucket does not exist, or this role may not read it."""


@dataclass(frozen=True)
class StoredFile:
    """`name` is relative to the folder, `size` in bytes."""

    name: str
    size: int


@dataclass(frozen=True, kw_only=True)
class BucketFolder:
    """The files under `prefix`, which has no trailing slash."""

    client: S3Client
    bucket: str
    prefix: str

    @property
    def place(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def files(self) -> Iterator[StoredFile]:
        """Every file, sorted by name. Raises FolderUnreadable."""
        start = f"{self.prefix}/"
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=start)
        try:
            for page in pages:
                for entry in page.get("Contents", []):
                    if not entry["Key"].endswith("/"):  # created by the console for an empty folder
                        yield StoredFile(entry["Key"].removeprefix(start), entry["Size"])
        except ClientError as error:
            raise FolderUnreadable(f"{self.place} cannot be listed: {error.response['Error']['Code']}") from None

    def download(self, name: str, path: Path) -> None:
        """Download one file whose name `files` returned."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.client.download_file(self.bucket, f"{self.prefix}/{name}", str(path))

    def upload(self, name: str, path: Path) -> str:
        """Upload one file; returns its address."""
        self.client.upload_file(str(path), self.bucket, f"{self.prefix}/{name}")
        return f"{self.place}/{name}"

    def write(self, name: str, facts: Mapping[str, Any]) -> None:
        """Write a small JSON file."""
        self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=json.dumps(facts).encode())


def folder_at(client: S3Client, place: str) -> BucketFolder:
    """The folder at an address such as `s3://bucket/prefix`."""
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    return BucketFolder(client=client, bucket=bucket, prefix=prefix.strip("/"))
