"""The files of Lambda packages, unpacked and compiled once.

Gap: each process of a Lambda unpacks the whole package into a separate folder, and compiles the modules that it
imports. With this patch, all processes share the files and their bytecode, also those of other functions and clouds. A
cold start takes about half the processor time.

The shared folder has three parts. `files` has each content once, by its hash. `packages` has a folder for each package,
by the hash of its archive, with links to the files. `bytecode` has the `__pycache__` of the folders. The code folder of
a process is a link to its package.
"""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from types import ModuleType

from ministack.core import lambda_runtime

from local_cloud.emulator.patching import Patch, Replacement, Target

SHARED = "LOCAL_CLOUD_PACKAGES"  # the environment variable with the shared folder
MAX_DATE = 0x7FFFFFFF  # of some file systems


class Package(zipfile.ZipFile):
    """The archive of a package."""

    def extractall(self, path: object = None, members: object = None, pwd: object = None) -> None:
        """Replace the folder, which is empty, by a link to the shared package. Raises as `share_package`."""
        if path is None or members is not None or pwd is not None:
            raise NotImplementedError("the emulator unpacks whole packages without a password")
        package = share_package(Path(str(self.filename)), Path(os.environ[SHARED]))
        Path(str(path)).rmdir()
        Path(str(path)).symlink_to(package)


def share_package(archive: Path, shared: Path) -> Path:
    """The folder in `shared` with the files of the archive. The first process that needs a package fills it.

    Raises BadZipFile if a name is outside the package.
    """
    package = shared / "packages" / _digest(archive.read_bytes())
    if not package.exists():
        package.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=package.parent) as fresh:
            _fill(Path(fresh, "package"), archive, shared)
            try:
                Path(fresh, "package").rename(package)
            except OSError:  # another process was faster
                if not package.exists():
                    raise
    return package


def _fill(folder: Path, archive: Path, shared: Path) -> None:
    folder.mkdir()
    with zipfile.ZipFile(archive) as package:
        for entry in package.infolist():
            name = PurePosixPath(entry.filename)
            if name.is_absolute() or ".." in name.parts:
                raise zipfile.BadZipFile(f"{entry.filename} is outside the package")
            if entry.is_dir():
                continue
            for parent in reversed(name.parents):
                _add_folder(folder, parent, shared)
            content = package.read(entry)
            file = shared / "files" / _digest(content)
            _share(content, file)
            (folder / name).symlink_to(file)


def _add_folder(folder: Path, name: PurePosixPath, shared: Path) -> None:
    """Add a folder whose bytecode is shared by all packages that have a folder of this name."""
    bytecode, link = shared / "bytecode" / name, folder / name / "__pycache__"
    if not link.is_symlink():
        bytecode.mkdir(parents=True, exist_ok=True)
        (folder / name).mkdir(exist_ok=True)
        link.symlink_to(bytecode)


def _share(content: bytes, file: Path) -> None:
    """Write a complete file or none, because other processes may read or write the same one.

    Its date is derived from its content. Python uses bytecode if it records the date and the size of the source, so the
    bytecode of another content of the same name is never used.
    """
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as fresh:
        fresh.write(content)
    date = int(file.name[:8], 16) & MAX_DATE
    os.utime(fresh.name, (date, date))
    Path(fresh.name).replace(file)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _extended_module() -> ModuleType:
    """The module `zipfile` with our class of archives."""
    module = ModuleType("zipfile")
    vars(module).update(vars(zipfile), ZipFile=Package)
    return module


PATCH = Patch(
    name="Lambda packages",
    gap="each process of a Lambda unpacks and compiles its package again",
    targets=(
        Replacement(lambda_runtime, "zipfile", "9ce6261db49562087e042e1b8557a7f0", _extended_module()),
        Target(lambda_runtime.Worker, "_spawn", "c55febf956565c5e83b8a36e06985248"),
    ),
)
