"""Datasets in a bucket, downloaded to a folder within limits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from craftspark.aws import clients
from craftspark.aws.folders import BucketFolder, FolderUnreadable, StoredFile, folder_at
from craftspark.errors.training import DatasetBroken, DatasetTooLarge

MAX_FILES = 50_000
MAX_BYTES = 4 << 30
FILES_AT_ONCE = 8


@contextmanager
def fetch_temporarily(place: str) -> Iterator[Path]:
    """Download `s3://bucket/prefix` to a temporary folder, which is deleted after the block. Raises as `fetch` does."""
    with tempfile.TemporaryDirectory(prefix="craftspark-dataset-") as folder:
        yield fetch(place, Path(folder))


def fetch(place: str, folder: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> Path:
    """Download every file of `s3://bucket/prefix` to the folder. Returns the folder.

    Checks run before the download. Raises DatasetBroken for a folder that is empty, cannot be read, or has a path
    outside it, and DatasetTooLarge above the limits.
    """
    source = folder_at(clients.s3(), place)
    files = check_limits(source, max_files, max_bytes)
    with ThreadPoolExecutor(FILES_AT_ONCE) as threads:
        list(threads.map(lambda file: source.download(file.name, folder / file.name), files))
    return folder


def check_limits(source: BucketFolder, max_files: int, max_bytes: int) -> list[StoredFile]:
    """Return the files if they are within the limits. Raises as `fetch` does."""
    files: list[StoredFile] = []
    size = 0
    try:
        for file in source.files():
            if not stays_inside(file.name):
                raise DatasetBroken(f"{source.place} has a file outside the folder: {file.name}")
            files.append(file)
            size += file.size
            if len(files) > max_files or size > max_bytes:
                raise DatasetTooLarge(
                    f"{source.place} has more than {max_files} files or {max_bytes >> 20} MiB; use a smaller dataset"
                )
    except FolderUnreadable as error:
        raise DatasetBroken(str(error)) from None
    if not files:
        raise DatasetBroken(f"{source.place} has no files")
    return files


def stays_inside(name: str) -> bool:
    """Return whether a key's rest is a plain relative path. A bucket accepts any string as a name."""
    parts = name.split("/")
    return not ("\\" in name or "\0" in name or PurePosixPath(name).is_absolute() or {"", ".", ".."} & {*parts})
