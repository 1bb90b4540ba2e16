"""A Lambda's package is unpacked once, for every process and function that has the same files.

Gap: each process of a function unpacks the whole package into a folder of its own. The 39 functions of our stacks share
most of what is in theirs, and writing, compiling and deleting hundreds of files takes longer than the rest of a start.
A package is read-only on AWS, so a copy can be shared.
"""

import hashlib
import shutil
import tempfile
import threading
import zipfile
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.emulator.patching import Patch, Target

_unpacking = threading.Lock()


class SharedArchive(zipfile.ZipFile):
    """An archive whose top-level files and folders are links to the only copies of them."""

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        entries: defaultdict[str, list[zipfile.ZipInfo]] = defaultdict(list)
        for entry in self.infolist():
            entries[entry.filename.lstrip("/").partition("/")[0]].append(entry)
        for name, files in entries.items():
            (Path(path or ".") / name).symlink_to(self._copy(name, files))

    def _copy(self, name: str, files: list[zipfile.ZipInfo]) -> Path:
        """Where the files are unpacked, which are all that have this first part in their names."""
        facts = sorted((file.filename, file.CRC, file.file_size, file.external_attr) for file in files)
        folder = Path(tempfile.gettempdir(), "packages", hashlib.sha256(repr(facts).encode()).hexdigest())
        with _unpacking:
            if not folder.exists():
                folder.parent.mkdir(exist_ok=True)
                fresh = Path(tempfile.mkdtemp(dir=folder.parent))
                try:
                    super().extractall(fresh, files)
                    fresh.rename(folder)
                except BaseException:
                    shutil.rmtree(fresh)
                    raise
        return folder / name


def apply() -> None:
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": SharedArchive})


PATCH = Patch(
    name="Lambda packages",
    gap="each process of a function unpacks the whole package for itself",
    targets=(
        # Archives are read in this function, and in these ways, alone.
        Target(lambda_runtime.Worker, "_spawn", "c55febf956565c5e83b8a36e06985248"),
        Target(lambda_runtime.Worker, "_discard_tmpdir", "33f19717d0f35f72d4f31d3ff30769e7"),
    ),
    apply=apply,
)
