"""Manifests: the SHA-256 hash of each file of a model's or an adapter's folder. A model is visible in a bucket from the
moment that its manifest is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from craftspark.errors import ModelUnavailable
from gpu_tasks.inference.file_hashes import HASHES, hash_file

MANIFEST = "manifest.json"
ABOUT = ("README", "LICENSE", "LICENCE", "NOTICE")

# Uploads a file: its name in the folder, and its path on this machine.
Transfer = Callable[[str, Path], object]


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
    """Raise ModelUnavailable unless the folder's files match its manifest. Files that did not change since they were
    hashed are not hashed again.
    """
    for name, digest in read_manifest(folder).items():
        if not matches(folder / name, digest):
            raise ModelUnavailable(f"{folder / name} is missing or differs from {MANIFEST}")


def read_manifest(folder: Path) -> dict[str, str]:
    """Return SHA-256 hashes by path. Raises ModelUnavailable as `parse_manifest` does, and if there is no manifest."""
    try:
        content = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise ModelUnavailable(f"{folder} has no {MANIFEST}") from None
    return parse_manifest(content, folder)


def parse_manifest(content: bytes, folder: Path) -> dict[str, str]:
    """Return SHA-256 hashes by path. Raises ModelUnavailable if the manifest is not a JSON object of hashes or names a
    path outside the folder.
    """
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise ModelUnavailable(f"{MANIFEST} of {folder} is not valid JSON: {error}") from None
    if not isinstance(manifest, dict) or not all(isinstance(digest, str) for digest in manifest.values()):
        raise ModelUnavailable(f"{MANIFEST} of {folder} is not a JSON object of hashes")
    for name in manifest:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise ModelUnavailable(f"{MANIFEST} of {folder} has a file outside the folder: {name}")
    return manifest


def matches(path: Path, digest: str) -> bool:
    """Return whether the file exists with this hash."""
    return path.is_file() and HASHES.find(path) == digest


def hash_model(folder: Path) -> str:
    """Return the SHA-256 hash that identifies a model: of the paths and hashes of its files, except those about it. A
    correction of the card leaves it unchanged.
    """
    files = {
        name: digest for name, digest in read_manifest(folder).items() if not is_about(name) and not is_picture(name)
    }
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def is_about(name: str) -> bool:
    """Whether a file is the model's card, its licence or its notice."""
    return "/" not in name and name.upper().startswith(ABOUT)


def is_picture(name: str) -> bool:
    """Whether a file can be a picture that the card shows."""
    return "/" not in name and name.endswith(".png")


def identify(folder: Path, name: str) -> dict[str, str]:
    """Return the name of a catalogue entry, or of the folder without one, with the hash that identifies the model."""
    return {name or folder.name: hash_model(folder)}


def list_files(folder: Path) -> dict[str, Path]:
    """Return the paths of all files of a folder by their names in it, sorted."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in paths}


def measure_bytes(folder: Path) -> int:
    """Return the size of all files of a folder."""
    return sum(path.stat().st_size for path in list_files(folder).values())


def build_manifest(folder: Path) -> dict[str, str]:
    """Return the SHA-256 hash of every file of a model folder, by path."""
    return {name: hash_file(path) for name, path in list_files(folder).items() if name != MANIFEST}


def write_manifest(folder: Path) -> None:
    """Write the manifest of a model folder."""
    (folder / MANIFEST).write_text(json.dumps(build_manifest(folder), indent=1) + "\n")
