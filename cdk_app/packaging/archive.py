"""Reproducible zip archives: the same files give the same bytes."""

import zipfile
from pathlib import Path

DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date that the format supports
UNIX = 3


def add_file(archive: zipfile.ZipFile, name: str, content: bytes, *, executable: bool = False) -> None:
    """Add a file with a fixed date and one of two modes."""
    entry = zipfile.ZipInfo(name, DATE)
    entry.create_system = UNIX
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o755 if executable else 0o644) << 16
    archive.writestr(entry, content)


def zip_folder(folder: Path, into: Path) -> None:
    """Write an archive of all files of the folder, in the order of their names."""
    with zipfile.ZipFile(into, "w") as archive:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            name = file.relative_to(folder).as_posix()
            add_file(archive, name, file.read_bytes(), executable=bool(file.stat().st_mode & 0o100))
