"""Datasets that lie in a bucket: fetched to a folder, within bounds, before anyone opens them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from craftspark.aws import clients
from craftspark.aws.folders import BucketFolder, FolderUnreadable, StoredFile, folder_at
from gpu_tasks.training.errors import DatasetBroken, DatasetTooLarge

MOST_FILES = 50_000
MOST_BYTES = 4 << 30
FILES_AT_ONCE = 8


@contextmanager
def fetched(place: str) -> Iterator[Path]:
    """A temporary folder with every file of `s3://bucket/prefix`, deleted after the block; raises as `fetch` does."""
    with tempfile.TemporaryDirectory(prefix="craftspark-dataset-") as folder:
        yield fetch(place, Path(folder))


def fetch(place: str, folder: Path, *, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> Path:
    """Bring every file of `s3://bucket/prefix` to the folder; answers the folder.

    Nothing is fetched where something is wrong: raises DatasetBroken for a folder that is empty, cannot be read, or
    has a name that would leave it, DatasetTooLarge for more than the bounds.
    """
    source = folder_at(clients.s3(), place)
    files = checked(source, most_files, most_bytes)
    with ThreadPoolExecutor(FILES_AT_ONCE) as threads:
        list(threads.map(lambda file: source.download(file.name, folder / file.name), files))
    return folder


def checked(source: BucketFolder, most_files: int, most_bytes: int) -> list[StoredFile]:
    files: list[StoredFile] = []
    size = 0
    try:
        for file in source.files():
            if not stays_inside(file.name):
                raise DatasetBroken(f"{source.place} has a file outside the folder: {file.name}")
            files.append(file)
            size += file.size
            if len(files) > most_files or size > most_bytes:
                raise DatasetTooLarge(
                    f"{source.place} has more than {most_files} files or {most_bytes >> 20} MiB; use a smaller dataset"
                )
    except FolderUnreadable as error:
        raise DatasetBroken(error.detail) from None
    if not files:
        raise DatasetBroken(f"{source.place} has no files")
    return files


def stays_inside(name: str) -> bool:
    """Whether a key's rest is a plain relative path; a bucket takes any string for a name."""
    parts = name.split("/")
    return not ("\\" in name or "\0" in name or PurePosixPath(name).is_absolute() or {"", ".", ".."} & {*parts})
