"""The files of a model or of an adapter, in a folder or on a hub, before they are copied to the models bucket."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from gpu_tasks.inference import manifests
from gpu_tasks.inference.manifests import MANIFEST

if TYPE_CHECKING:
    from huggingface_hub.utils._safetensors import TensorInfo

INDEX = "model_index.json"
MAX_JSON = 32 * 1024**2  # bytes; an index of thousands of tensors has less than one MiB


class NoModel(Exception):
    """Files are not a supported model, upscaler or adapter. The message names the problem."""


class ModelFiles(Protocol):
    """The files of a model, by their paths. Methods raise NoModel for a file that is not what it must be."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """The size of each file in bytes."""

    def read(self, name: str) -> bytes:
        """Return the contents of a small file."""

    def read_tensors(self, name: str) -> Mapping[str, TensorInfo]:
        """Return the tensors of a safetensors file, from its header."""

    def expected_hash(self, name: str) -> str | None:
        """Return the SHA-256 hash that the file must have, or None if its source does not say it."""

    def fetch(self, names: Collection[str]) -> None:
        """Copy files to this machine."""

    def path(self, name: str) -> Path:
        """Return the path of a file that was fetched."""


class FolderFiles:
    """A folder on this machine. Hidden files and folders are ignored.

    Raises NoModel if it contains links, or lacks a file that its manifest lists.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise NoModel(f"{root} is not a folder")
        self._root = root
        self.sizes: Mapping[str, int] = {name: (root / name).stat().st_size for name in _walk(root)}
        self._manifest = manifests.read_manifest(root) if MANIFEST in self.sizes else {}
        if missing := sorted(set(self._manifest) - set(self.sizes)):
            raise NoModel(f"{missing[0]} is missing, and {MANIFEST} of {root} lists it")

    def read(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def read_tensors(self, name: str) -> Mapping[str, TensorInfo]:
        from huggingface_hub import parse_local_safetensors_file_metadata
        from huggingface_hub.errors import SafetensorsParsingError
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path(name), framework="np"):  # also finds data that is cut off
                return parse_local_safetensors_file_metadata(self.path(name)).tensors
        except (SafetensorError, SafetensorsParsingError) as error:
            raise NoModel(f"{name} is not a complete safetensors file: {error}") from None

    def expected_hash(self, name: str) -> str | None:
        return self._manifest.get(name)

    def fetch(self, names: Collection[str]) -> None:
        """The files are here already."""

    def path(self, name: str) -> Path:
        return self._root / name


def _walk(root: Path) -> Iterable[str]:
    for at, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = [name for name in names if not name.startswith(".")]
        for name in (*folders, *names):
            if (path := Path(at) / name).is_symlink():
                raise NoModel(
                    f"{path.relative_to(root)} is a link; use a folder that contains the files, such as the one that "
                    "`hf download --local-dir` writes"
                )
        yield from ((Path(at) / name).relative_to(root).as_posix() for name in sorted(names))


def check_paths(names: Iterable[str]) -> None:
    """Raise NoModel if a path leads outside the model's folder."""
    for name in names:
        path = PurePosixPath(name)
        if not name.isprintable() or "\\" in name or path.is_absolute() or ".." in path.parts or str(path) != name:
            raise NoModel(f"the file {name!r} is outside the folder or has no valid name")


def read_json(files: ModelFiles, name: str) -> dict[str, Any]:
    """Read a JSON object. Raises NoModel."""
    if (size := files.sizes[name]) > MAX_JSON:
        raise NoModel(f"{name} has {size} bytes, more than {MAX_JSON}")
    try:
        value = json.loads(files.read(name))
    except ValueError as error:
        raise NoModel(f"{name} is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise NoModel(f"{name} is not a JSON object")
    return value
