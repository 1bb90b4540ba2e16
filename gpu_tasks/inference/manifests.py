"""Manifests: the SHA-256 hash of each file of a model's or an adapter's folder. A model is visible in a bucket from the
moment that its manifest is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from craftspark.errors import ModelUnavailable

MANIFEST = "manifest.json"
FILES_AT_ONCE = 4

# Downloads or uploads a file: its name in the folder, and its path on this machine.
Transfer = Callable[[str, Path], object]


def fetch(folder: Path, download: Transfer) -> Path:
    """Download the files of a model's folder that differ from its manifest. Raises ModelUnavailable."""
    try:
        download(MANIFEST, folder / MANIFEST)
        expected = read_manifest(folder)
        wanted = [name for name, digest in expected.items() if not matches(folder / name, digest)]
        with ThreadPoolExecutor(FILES_AT_ONCE) as threads:
            list(threads.map(lambda name: download(name, folder / name), wanted))
    except FileNotFoundError as error:
        raise ModelUnavailable(f"the model store has no {error}") from None
    return folder


def publish(paths: Mapping[str, Path], upload: Transfer) -> None:
    """Upload a model's files, by their names in its folder. The manifest is the last: the model is visible from then
    on.

    Raises FileNotFoundError before the first upload if the manifest is not among them.
    """
    if MANIFEST not in paths:
        raise FileNotFoundError(f"the model has no {MANIFEST}")
    for name in sorted(paths, key=lambda name: name == MANIFEST):
        upload(name, paths[name])


def check(folder: Path) -> None:
    """Raise ModelUnavailable unless the folder's files match its manifest."""
    for name, digest in read_manifest(folder).items():
        if not matches(folder / name, digest):
            raise ModelUnavailable(f"{folder / name} is missing or differs from {MANIFEST}")


def read_manifest(folder: Path) -> dict[str, str]:
    """Return SHA-256 hashes by path. Raises ModelUnavailable if the manifest is missing or names a path outside the
    folder.
    """
    try:
        manifest: dict[str, str] = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:
        raise ModelUnavailable(f"{folder} has no {MANIFEST}") from None
    for name in manifest:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise ModelUnavailable(f"{MANIFEST} of {folder} has a file outside the folder: {name}")
    return manifest


def matches(path: Path, digest: str) -> bool:
    """Return whether the file exists with this hash."""
    return path.is_file() and hash_file(path) == digest


def hash_file(path: Path) -> str:
    """Return the SHA-256 hash of a file. Reads in parts, because weights can be larger than memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_model(folder: Path) -> str:
    """Return the SHA-256 hash of a model folder's manifest, which identifies all of its files."""
    return hash_file(folder / MANIFEST)


def identify(folder: Path) -> dict[str, str]:
    """Return the name of a model folder with the hash that identifies its files."""
    return {folder.name: hash_model(folder)}


def list_files(folder: Path) -> dict[str, Path]:
    """Return the paths of all files of a folder by their names in it, sorted."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in paths}


def build_manifest(folder: Path) -> dict[str, str]:
    """Return the SHA-256 hash of every file of a model folder, by path."""
    return {name: hash_file(path) for name, path in list_files(folder).items() if name != MANIFEST}


def write_manifest(folder: Path) -> None:
    """Write the manifest of a model folder."""
    (folder / MANIFEST).write_text(json.dumps(build_manifest(folder), indent=1) + "\n")
