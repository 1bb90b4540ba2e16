"""Models of the Hugging Face Hub, at one commit."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gpu_tasks.inference.model_folder import NoModel

if TYPE_CHECKING:
    from huggingface_hub.utils._safetensors import TensorInfo

GIB = 1024**3


class HubUnavailable(Exception):
    """The hub did not answer, does not have the model or requires a login."""


class HubFiles:
    """The files of a repository at one commit. Small files and headers are read over the network.

    Files are downloaded to `folder`. `commit` is the commit that the revision named at the start, so that all files are
    of the same one. Raises HubUnavailable.
    """

    def __init__(self, repository: str, revision: str, folder: Path) -> None:
        from huggingface_hub import HfApi

        self._repository = repository
        self._folder = folder
        self._api = HfApi()
        with _translate_errors(repository):
            info = self._api.model_info(repository, revision=revision, files_metadata=True)
        siblings = info.siblings or []
        self.commit = info.sha or revision
        self.sizes: Mapping[str, int] = {each.rfilename: each.size or 0 for each in siblings}
        self._hashes = {each.rfilename: each.lfs.sha256 for each in siblings if each.lfs}

    def read(self, name: str) -> bytes:
        self._download(name)
        return self.path(name).read_bytes()

    def read_tensors(self, name: str) -> Mapping[str, TensorInfo]:
        from huggingface_hub.errors import SafetensorsParsingError

        try:
            with _translate_errors(self._repository):
                metadata = self._api.parse_safetensors_file_metadata(self._repository, name, revision=self.commit)
        except SafetensorsParsingError as error:
            raise NoModel(f"{name} is not a complete safetensors file: {error}") from None
        return metadata.tensors

    def expected_hash(self, name: str) -> str | None:
        return self._hashes.get(name)

    def fetch(self, names: Collection[str]) -> None:
        """Download files. Raises HubUnavailable, or NoModel if they do not fit on the disk."""
        size, free = sum(self.sizes[name] for name in names), shutil.disk_usage(self._folder).free
        if size > free:
            raise NoModel(
                f"the model has {size / GIB:.1f} GiB and {self._folder.parent} has only {free / GIB:.1f} GiB free; "
                "set TMPDIR to a folder on a larger disk"
            )
        for name in names:
            self._download(name)

    def path(self, name: str) -> Path:
        return self._folder / name

    def _download(self, name: str) -> None:
        with _translate_errors(self._repository):
            self._api.hf_hub_download(self._repository, name, revision=self.commit, local_dir=self._folder)


@contextmanager
def _translate_errors(repository: str) -> Iterator[None]:
    import httpx2  # the HTTP client of the hub's library
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        yield
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, httpx2.HTTPError) as error:
        raise HubUnavailable(f"the hub does not give {repository}: {error}") from None
