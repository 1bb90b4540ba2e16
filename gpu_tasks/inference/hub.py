"""Models of the Hugging Face Hub: checks before the download, and the download."""

import fnmatch
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gpu_tasks.inference.model_folder import INDEX, SKIPPED, check_pipeline

# Half-precision weights in the one format that cannot carry code.
FILES = ("*.json", "*.txt", "*.model", "*.fp16.safetensors", "LICENSE*", "README*")
VARIANT = ".fp16."
NON_COMMERCIAL = re.compile(r"\b(nc|non-?commercial)\b")


class LicenceRefused(Exception):
    """A model states no licence, or a licence that forbids the sale of its pictures."""


@dataclass(frozen=True)
class HubModel:
    """The Hub's description of a model at one commit. `files` maps paths to SHA-256 hashes, None for small files."""

    files: Mapping[str, str | None]
    licences: tuple[str, ...]
    index: Any

    @property
    def wanted(self) -> dict[str, str | None]:
        """The files to download, by their names in the folder."""
        return {
            name.replace(VARIANT, "."): digest
            for name, digest in self.files.items()
            if any(fnmatch.fnmatch(name, pattern) for pattern in FILES) and name.partition("/")[0] not in SKIPPED
        }


class Hub(Protocol):
    """A hub of models."""

    def describe(self, repository: str, revision: str) -> HubModel:
        """Describe a model without downloading weights. Raises HfHubHTTPError."""

    def download(self, repository: str, revision: str, folder: Path) -> None:
        """Download the model's files into the folder. Raises HfHubHTTPError."""


def check(model: HubModel, *, licensed: bool) -> None:
    """Raise LicenceRefused or NoModel. `licensed` confirms that the user has a licence."""
    stated = ", ".join(model.licences)
    if not licensed and not model.licences and not any(name.upper().startswith("LICEN") for name in model.files):
        raise LicenceRefused("the model has no licence; ask its authors, then use --licensed")
    if not licensed and NON_COMMERCIAL.search(stated.lower()):
        raise LicenceRefused(
            f"its licence {stated} does not allow selling images; use --licensed if you have another licence"
        )
    check_pipeline(model.index, model.wanted)


class HuggingFace:
    """The Hugging Face Hub."""

    def describe(self, repository: str, revision: str) -> HubModel:
        from huggingface_hub import HfApi

        api = HfApi()
        info = api.model_info(repository, revision=revision, files_metadata=True)
        card = info.card_data
        licences = (card.license, card.license_name) if card else ()
        siblings = info.siblings or []
        index = None
        if any(each.rfilename == INDEX for each in siblings):
            index = json.loads(Path(api.hf_hub_download(repository, INDEX, revision=revision)).read_text())
        return HubModel(
            files={each.rfilename: each.lfs.sha256 if each.lfs else None for each in siblings},
            licences=tuple(each for each in licences if each),
            index=index,
        )

    def download(self, repository: str, revision: str, folder: Path) -> None:
        from huggingface_hub import snapshot_download

        snapshot_download(
            repository,
            revision=revision,
            local_dir=folder,
            allow_patterns=list(FILES),
            ignore_patterns=[f"{name}/*" for name in SKIPPED],
        )
        shutil.rmtree(folder / ".cache", ignore_errors=True)
        # Diffusers expects the plain names if no variant is given.
        for weights in folder.rglob(f"*{VARIANT}safetensors"):
            weights.rename(weights.with_name(weights.name.replace(VARIANT, ".")))
