"""SHA-256 hashes of files. A file is hashed again only if it changed.

The record of a folder's hashes trusts everyone who can write to the cache folder. These are the tasks of one stage on
one machine, which run the same image as the same user: a task that could write a false record could also replace a file
after its check. A record is valid until the machine restarts, because a crash can lose data that was not yet on disk.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
RECORDS = "hashes"


class FileState(NamedTuple):
    """What changes with a file's content. Times are nanoseconds; no program can set the time of the last change."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        """Raises OSError."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class FileHashes:
    """The hashes of files in this process, each with the state in which the file was hashed. Threads can share it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[FileState, str]] = {}
        self._lock = threading.Lock()

    def find(self, path: Path) -> str:
        """Return the hash of a file. Reads the file only if it changed since it was hashed. Raises OSError."""
        state = FileState.of(path)
        known = self._known.get(_key(path))
        if known and known[0] == state:
            return known[1]
        digest = hash_file(path)
        self._known[_key(path)] = (state, digest)
        return digest

    def add(self, path: Path, digest: str) -> None:
        """Remember the hash of a file that was hashed while it was written. Raises OSError."""
        self._known[_key(path)] = (FileState.of(path), digest)

    def restore(self, record: Path) -> None:
        """Remember what another process recorded since this machine started. Ignores a record that cannot be read."""
        try:
            content = json.loads(record.read_text())
            if content["boot"] != _boot_id():
                return
            found = {path: (FileState(*state), str(digest)) for path, (state, digest) in content["files"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return
        self._known = found | self._known

    def record(self, record: Path, paths: Iterable[Path]) -> None:
        """Write the known hashes of these files to a record that other processes can restore. Raises OSError."""
        with self._lock:
            files = {key: self._known[key] for key in map(_key, paths) if key in self._known}
            record.parent.mkdir(parents=True, exist_ok=True)
            written = record.with_name(f"{record.name}.{uuid4().hex}")  # processes of containers can share an id
            written.write_text(json.dumps({"boot": _boot_id(), "files": files}))
            written.replace(record)


def record_of(folder: Path, cache: Path) -> Path:
    """The path of the record for a model's folder, in the cache folder."""
    return cache / RECORDS / f"{hashlib.sha256(_key(folder).encode()).hexdigest()[:32]}.json"


def hash_file(path: Path) -> str:
    """Return the SHA-256 hash of a file. Reads in parts, because weights can be larger than memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _key(path: Path) -> str:
    return str(path.absolute())


def _boot_id() -> str:
    """What changes when the machine restarts. Empty on systems that do not have it."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


HASHES = FileHashes()
