"""The versions of models in the folder that all tasks of a machine share: which of them a task uses, and which can be
deleted to make room.

A version is a folder named by the hash of its manifest. A task that uses it has a shared lock of the kernel on a file
next to it, which ends with the task's process.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aws_lambda_powertools import Logger

VERSION = re.compile(r"[0-9a-f]{16}")

logger = Logger(service="gpu_worker")

# The descriptors of locks that the end of this process closes, by the folder of the version.
_pinned: dict[Path, int] = {}


@contextmanager
def use(version: Path, *, pin: bool) -> Iterator[None]:
    """In this context, no task deletes the version. With `pin`, none does until this process ends. Waits while another
    task deletes it. Raises OSError.
    """
    if version in _pinned:
        os.utime(_lock_of(version))
        yield
        return
    version.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_lock_of(version), os.O_WRONLY | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.utime(_lock_of(version))
        yield
        if pin:
            _pinned[version] = descriptor
    finally:
        if not pin or version not in _pinned:
            os.close(descriptor)


def make_room(cache: Path, size: int) -> None:
    """Delete versions that no task uses, the least recently used first, until the disk has `size` bytes free or no such
    version is left. Raises OSError.
    """
    unused = sorted((folder for folder in cache.iterdir() if VERSION.fullmatch(folder.name)), key=_used_at)
    for version in unused:
        if shutil.disk_usage(cache).free >= size:
            return
        _delete(version)


def _delete(version: Path) -> None:
    with _lock_of(version).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        models = ["/".join(path.relative_to(version).parts[:-1]) for path in version.rglob("manifest.json")]
        shutil.rmtree(version)
        logger.info("model deleted from the disk", extra={"models": models, "version": version.name})


def _used_at(version: Path) -> float:
    lock = _lock_of(version)
    return lock.stat().st_mtime if lock.exists() else 0.0


def _lock_of(version: Path) -> Path:
    return version.with_name(f"{version.name}.use")
