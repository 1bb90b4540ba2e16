"""Models of the models bucket, downloaded to a folder that all tasks of a machine share.

Each file is hashed once, while its parts arrive. A folder belongs to one manifest, so a model that is replaced in the
bucket gets a new folder, and a task never loads files of two versions. One task at a time fills a folder; a lock of the
kernel, which ends with its process, makes the others wait.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

from aws_lambda_powertools import Logger

from craftspark.aws.styles.models import Sink
from craftspark.errors import ModelUnavailable
from gpu_tasks.activity import record_activity
from gpu_tasks.inference.cached_versions import make_room, use
from gpu_tasks.inference.file_hashes import HASHES, record_of
from gpu_tasks.inference.manifests import MANIFEST, matches, parse_manifest

FILES_AT_ONCE = 4
# How often a task that waits for another one's download says that it is alive, in seconds.
ALIVE_EVERY_S = 1.0
PART = ".part"
MB, GIB = 1e6, 1024**3
FULL = (errno.ENOSPC, errno.EDQUOT)

logger = Logger(service="gpu_worker")


class Store(Protocol):
    """The models bucket."""

    def read(self, prefix: str, name: str) -> bytes:
        """Return a small file. Raises FileNotFoundError."""

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Return the size in bytes of each file by its name."""

    def download(self, prefix: str, name: str, sink: Sink) -> None:
        """Write a file to `sink`, in order. Raises FileNotFoundError."""


class Abandoned(Exception):
    """Another file of the model failed."""


class HashingFile:
    """Writes a file and hashes it in one pass. `hash_s` is the time that the hash took, in seconds."""

    def __init__(self, file: BinaryIO, stop: threading.Event) -> None:
        self.hash_s = 0.0
        self._file = file
        self._stop = stop
        self._hash = hashlib.sha256()
        # The client of S3 writes in another thread, and each part is progress of the activity that downloads.
        self._context = copy_context()

    def write(self, part: bytes, /) -> int:
        """Raises Abandoned if the download has to stop."""
        if self._stop.is_set():
            raise Abandoned
        start = time.perf_counter()
        self._hash.update(part)
        self.hash_s += time.perf_counter() - start
        self._context.run(record_activity)
        return self._file.write(part)

    def digest(self) -> str:
        return self._hash.hexdigest()


@dataclass
class Figures:
    """What a download took. `hash_s` and `file_s` are sums over files that are downloaded at the same time."""

    size: int = 0
    hash_s: float = 0.0
    file_s: float = 0.0
    started: float = field(default_factory=time.perf_counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, size: int, hash_s: float, file_s: float) -> None:
        """Add a file."""
        with self.lock:
            self.size += size
            self.hash_s += hash_s
            self.file_s += file_s

    def describe(self) -> dict[str, float]:
        seconds = time.perf_counter() - self.started
        return {
            "bytes": self.size,
            "seconds": round(seconds, 2),
            "mb_per_s": round(self.size / MB / max(seconds, 1e-9), 1),
            "hash_share": round(self.hash_s / max(self.file_s, 1e-9), 3),
        }


def fetch(place: str, store: Store, cache: Path, *, pin: bool = True) -> Path:
    """Return the folder of a model, whose files match its manifest. Downloads only files that are missing or differ.

    `place` is the model's prefix in the bucket. If the disk is full, other models that no task uses are deleted. The
    folder stays there until this process ends, or only during this call without `pin`. Raises ModelUnavailable, also
    if the disk is still full, and ConnectionError if a download breaks off. The next call continues with the files that
    are not complete.
    """
    try:
        manifest = store.read(place, MANIFEST)
    except FileNotFoundError as error:
        raise ModelUnavailable(f"the model store has no {error}") from None
    version = hashlib.sha256(manifest).hexdigest()[:16]
    folder = cache / version / place
    expected = parse_manifest(manifest, folder)
    with _disk_errors(cache), use(cache / version, pin=pin), _lock(cache / f"{version}.lock"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).write_bytes(manifest)
        record = record_of(folder, cache)
        HASHES.restore(record)
        wanted = {name: digest for name, digest in expected.items() if not matches(folder / name, digest)}
        if wanted:
            _Download(place, store, cache, folder, record, expected).run(wanted)
        HASHES.record(record, [folder / name for name in expected])
    return folder


@dataclass(frozen=True)
class _Download:
    """The download of files of one model."""

    place: str
    store: Store
    cache: Path
    folder: Path
    record: Path
    expected: Collection[str]
    figures: Figures = field(default_factory=Figures)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, wanted: Mapping[str, str]) -> None:
        """Download files to their hashes. Raises ModelUnavailable, ConnectionError or OSError."""
        sizes = self.store.sizes(self.place)
        if missing := sorted(wanted.keys() - sizes.keys()):
            raise ModelUnavailable(f"the model store has no {self.place}/{missing[0]}, which {MANIFEST} lists")
        for name in wanted:
            self._part(name).unlink(missing_ok=True)
        self._check_space(sum(sizes[name] for name in wanted))
        logger.info("model download started", extra={"model": self.place, "files": len(wanted)})
        # The largest file is the first, because its hash takes longest.
        self._run_all(sorted(wanted, key=lambda name: -sizes[name]), lambda name: self._fetch(name, wanted[name]))
        facts = {"model": self.place, "files": len(wanted), **self.figures.describe()}
        logger.info("model downloaded", extra=facts)

    def _run_all(self, names: Collection[str], fetch_one: Callable[[str], None]) -> None:
        with ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="download") as threads:
            # In a copy of this thread's context, so that the progress of a file is that of this thread's activity.
            pending = [threads.submit(copy_context().run, fetch_one, name) for name in names]
            try:
                for done in as_completed(pending):
                    done.result()
            except BaseException:
                self.stop.set()
                threads.shutdown(wait=False, cancel_futures=True)
                raise

    def _fetch(self, name: str, digest: str) -> None:
        path, part = self.folder / name, self._part(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        try:
            with part.open("wb", buffering=0) as file:
                sink = HashingFile(file, self.stop)
                self.store.download(self.place, name, sink)
                size = file.tell()
            if sink.digest() != digest:
                raise ModelUnavailable(f"{self.place}/{name} in the model store differs from {MANIFEST}")
            part.replace(path)
        except FileNotFoundError as error:
            raise ModelUnavailable(f"the model store has no {error}") from None
        finally:
            part.unlink(missing_ok=True)
        HASHES.add(path, digest)
        HASHES.record(self.record, [self.folder / name for name in self.expected])
        self.figures.add(size, sink.hash_s, time.perf_counter() - start)

    def _part(self, name: str) -> Path:
        path = self.folder / name
        return path.with_name(path.name + PART)

    def _check_space(self, size: int) -> None:
        make_room(self.cache, size)
        free = shutil.disk_usage(self.folder).free
        if size > free:
            raise ModelUnavailable(
                f"the disk of {self.folder} is too small: {self.place} needs {size / GIB:.1f} GiB, and "
                f"{free / GIB:.1f} GiB are free"
            )


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.info("another task downloads the model", extra={"lock": str(path)})
            _wait_for(file)
        yield


def _wait_for(file: TextIO) -> None:
    """Wait for the lock. The task that has it makes progress or ends, so the wait counts as progress."""
    with ThreadPoolExecutor(1, thread_name_prefix="lock") as thread:
        locked = thread.submit(fcntl.flock, file, fcntl.LOCK_EX)
        while wait([locked], timeout=ALIVE_EVERY_S).not_done:
            record_activity()
        locked.result()


@contextmanager
def _disk_errors(cache: Path) -> Iterator[None]:
    """Translate errors of the file system, which the next attempt would meet again. Others pass."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise
    except OSError as error:
        problem = "the disk is full" if error.errno in FULL else str(error)
        raise ModelUnavailable(f"{cache} cannot be written: {problem}") from error
