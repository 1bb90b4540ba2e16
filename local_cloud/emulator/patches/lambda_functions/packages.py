"""The files of Lambda packages, unpacked and compiled once.

Gap: each process of a Lambda unpacks the whole package into a separate folder, and compiles the modules that it
imports. With this patch, all processes share the files and their bytecode, also those of other functions and clouds. A
cold start takes about half the processor time.

The shared folder has four parts. `files` has each content once, by its hash. `packages` has a folder for each package,
by the hash of its archive, with links to files and folders. `folders` has those, each content once: packages have most
of their folders in common. `bytecode` has the `__pycache__` of the folders. The code folder of a process is a link to
its package.
"""

import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import ModuleType

from ministack.core import lambda_runtime

from local_cloud.emulator.patching import Patch, Replacement, Target

SHARED = "LOCAL_CLOUD_PACKAGES"  # the environment variable with the shared folder
MAX_DATE = 0x7FFFFFFF  # of some file systems
LIBRARY = re.compile(r"\.(so|dylib)(\.|$)")


class Package(zipfile.ZipFile):
    """The archive of a package."""

    def extractall(self, path: object = None, members: object = None, pwd: object = None) -> None:
        """Replace the folder, which is empty, by a link to the shared package. Raises as `share_package`."""
        if path is None or members is not None or pwd is not None:
            raise NotImplementedError("the emulator unpacks whole packages without a password")
        package = share_package(Path(str(self.filename)), Path(os.environ[SHARED]))
        Path(str(path)).rmdir()
        Path(str(path)).symlink_to(package)


@dataclass
class Folder:
    """A folder of an archive, with its files and folders by their names."""

    path: PurePosixPath
    files: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    folders: dict[str, "Folder"] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: zipfile.ZipFile) -> "Folder":
        """The whole archive. Raises BadZipFile if a name is outside it."""
        whole = cls(PurePosixPath())
        for entry in archive.infolist():
            name = PurePosixPath(entry.filename)
            if name.is_absolute() or ".." in name.parts:
                raise zipfile.BadZipFile(f"{entry.filename} is outside the package")
            if entry.is_dir():
                continue
            folder = whole
            for part in name.parts[:-1]:
                if part not in folder.folders:
                    folder.folders[part] = cls(folder.path / part)
                folder = folder.folders[part]
            folder.files[name.name] = entry
        return whole

    @cached_property
    def has_libraries(self) -> bool:
        """Whether there is a compiled library anywhere in it."""
        return any(map(LIBRARY.search, self.files)) or any(each.has_libraries for each in self.folders.values())

    @cached_property
    def digest(self) -> str:
        """Identifies the path and the content, by the checksums that the archive has."""
        files = sorted((name, entry.CRC, entry.file_size) for name, entry in self.files.items())
        folders = sorted((name, each.digest) for name, each in self.folders.items())
        return _digest(repr((str(self.path), files, folders)).encode())


def share_package(archive: Path, shared: Path) -> Path:
    """The folder in `shared` with the files of the archive. The first process that needs a package fills it.

    Raises BadZipFile if a name is outside the package.
    """
    package = shared / "packages" / _digest(archive.read_bytes())
    if not package.exists():
        with zipfile.ZipFile(archive) as opened:
            whole = Folder.of(opened)
            _publish(package, lambda fresh: _fill_package(fresh, whole, opened, shared))
    return package


def _publish(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make a complete folder or none, because other processes may make or read the same one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        fill(Path(fresh, "folder"))
        try:
            Path(fresh, "folder").rename(folder)
        except OSError:  # another process was faster
            if not folder.exists():
                raise


def _fill_package(into: Path, whole: Folder, archive: zipfile.ZipFile, shared: Path) -> None:
    """Fill the folder of a package. A compiled library can look for others next to its folder, whose parent must then
    have them: folders with libraries are shared together.
    """
    with_libraries = {name: part for name, part in whole.folders.items() if part.has_libraries}
    others = {name: part for name, part in whole.folders.items() if name not in with_libraries}
    _fill(into, Folder(whole.path, whole.files, others), archive, shared)
    if with_libraries:
        together = _share_folder(Folder(whole.path, folders=with_libraries), archive, shared)
        for name in with_libraries:
            (into / name).symlink_to(together / name)


def _fill(into: Path, folder: Folder, archive: zipfile.ZipFile, shared: Path) -> None:
    into.mkdir()
    # All folders of the same path share their bytecode.
    bytecode = shared / "bytecode" / folder.path
    bytecode.mkdir(parents=True, exist_ok=True)
    (into / "__pycache__").symlink_to(bytecode)
    for name, entry in folder.files.items():
        content = archive.read(entry)
        file = shared / "files" / _digest(content)
        _share(content, file)
        (into / name).symlink_to(file)
    for name, part in folder.folders.items():
        if part.has_libraries:
            _fill(into / name, part, archive, shared)
        else:
            (into / name).symlink_to(_share_folder(part, archive, shared))


def _share_folder(folder: Folder, archive: zipfile.ZipFile, shared: Path) -> Path:
    found = shared / "folders" / folder.digest
    if not found.exists():
        _publish(found, lambda fresh: _fill(fresh, folder, archive, shared))
    return found


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
