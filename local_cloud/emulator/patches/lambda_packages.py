"""Lambda processes share the files of their packages, and the bytecode of those files.

Gap: each process unpacks its whole package, and compiles each module that it imports. The functions of our stacks have
most of their files in common, and this takes longer than the rest of a cold start. A package is read-only on AWS, so
its files can be shared.
"""

import os
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.emulator.patching import Patch, Target

SHARED = "craftspark-lambda-files"  # in the emulator's folder of temporary files
BYTECODE = "__pycache__"
MAX_TIME = 0x7FFFFFFF


class SharedArchive(zipfile.ZipFile):
    """An archive that is unpacked to hard links: each process has a folder of its own, where native libraries find
    each other, and each file is on the disk once.
    """

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Unpack the whole archive into an existing folder."""
        shared = Path(tempfile.gettempdir(), SHARED)
        folder = Path(path or ".")
        made: set[Path] = set()
        for file in self.infolist():
            target = folder / file.filename
            if file.is_dir() or not _is_inside(file.filename):
                self.extract(file, folder)
                continue
            parent = target.parent
            if parent not in made:
                parent.mkdir(parents=True, exist_ok=True)
                made.add(parent)
            os.link(self._keep(file, shared / "files"), target)
        for parent in made:
            bytecode = shared / "bytecode" / parent.relative_to(folder)
            bytecode.mkdir(parents=True, exist_ok=True)
            (parent / BYTECODE).symlink_to(bytecode)

    def _keep(self, file: zipfile.ZipInfo, folder: Path) -> Path:
        """Return the shared copy of a file, which is unpacked if it is the first with this name and content."""
        kept = folder / f"{file.CRC:08x}{file.file_size:08x}" / file.filename
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as fresh:
                unpacked = self.extract(file, fresh)
                # Python uses bytecode for a file of the same time and size, so the time stands for the content.
                os.utime(unpacked, (file.CRC & MAX_TIME, file.CRC & MAX_TIME))
                Path(unpacked).replace(kept)
        return kept


def _is_inside(name: str) -> bool:
    """Whether the name is a relative path that does not lead out of its folder."""
    return not name.startswith("/") and ".." not in Path(name).parts


def apply() -> None:
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": SharedArchive})


PATCH = Patch(
    name="Lambda packages",
    gap="each process unpacks and compiles the whole package for itself",
    targets=(
        # Archives are read in this function alone.
        Target(lambda_runtime.Worker, "_spawn", "c55febf956565c5e83b8a36e06985248"),
    ),
    apply=apply,
)
