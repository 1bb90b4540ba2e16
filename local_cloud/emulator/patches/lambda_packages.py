"""Lambda processes share the files of their packages, and the bytecode of those files.

Gap: each process unpacks its whole package and compiles each module that it imports, which takes longer than the rest
of a cold start. The functions of our stacks have most of their files in common. A package is read-only on AWS, so
processes can share its files.
"""

import os
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.emulator.patching import Patch, Replacement, Target

SHARED = "craftspark-lambda-files"  # in the emulator's folder for temporary files
BYTECODE = "__pycache__"
MAX_TIME = 0x7FFFFFFF


class SharedArchive(zipfile.ZipFile):
    """An archive that is unpacked as hard links to shared files.

    Each process has its own folder, in which native libraries find each other, and the disk has each file only once.
    """

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Unpack the whole archive into an existing folder."""
        shared = Path(tempfile.gettempdir(), SHARED)
        folder = Path(path or ".")
        parents: set[Path] = set()
        for file in self.infolist():
            target = folder / file.filename
            if file.is_dir() or not _is_inside(file.filename):
                self.extract(file, folder)
                continue
            parent = target.parent
            if parent not in parents:
                parent.mkdir(parents=True, exist_ok=True)
                parents.add(parent)
            os.link(self._share(file, shared / "files"), target)
        for parent in parents:
            bytecode = shared / "bytecode" / parent.relative_to(folder)
            bytecode.mkdir(parents=True, exist_ok=True)
            (parent / BYTECODE).symlink_to(bytecode)

    def _share(self, file: zipfile.ZipInfo, folder: Path) -> Path:
        """The shared copy of a file. The first process that needs this name and content unpacks it."""
        copy = folder / f"{file.CRC:08x}{file.file_size:08x}" / file.filename
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                unpacked = self.extract(file, temporary)
                # Python uses bytecode for a file of the same time and size, so the time is set from the content.
                os.utime(unpacked, (file.CRC & MAX_TIME, file.CRC & MAX_TIME))
                Path(unpacked).replace(copy)
        return copy


def _is_inside(name: str) -> bool:
    """Whether the name is a relative path inside the package."""
    return not name.startswith("/") and ".." not in Path(name).parts


SHARED_ZIPFILE = SimpleNamespace(**vars(zipfile) | {"ZipFile": SharedArchive})

PATCH = Patch(
    name="Lambda packages",
    gap="each process unpacks and compiles the whole package",
    targets=(
        Replacement(lambda_runtime, "zipfile", "9ce6261db49562087e042e1b8557a7f0", SHARED_ZIPFILE),
        # The only function that reads archives.
        Target(lambda_runtime.Worker, "_spawn", "c55febf956565c5e83b8a36e06985248"),
    ),
)
