"""Models of the Hugging Face hub: what is known of one before its gigabytes are downloaded, and the download."""

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
    """A model states no licence, or one for which its pictures may not be sold."""


@dataclass(frozen=True)
class HubModel:
    """What the hub tells of a model at one commit. `files` has the SHA-256 by path, None for small files."""

    files: Mapping[str, str | None]
    licences: tuple[str, ...]
    index: Any

    @property
    def wanted(self) -> dict[str, str | None]:
        """The files that would be downloaded, by the names that they get in the folder."""
        return {
            name.replace(VARIANT, "."): digest
            for name, digest in self.files.items()
            if any(fnmatch.fnmatch(name, pattern) for pattern in FILES) and name.partition("/")[0] not in SKIPPED
        }


class Hub(Protocol):
    def describe(self, repository: str, revision: str) -> HubModel:
        """Ask the hub about a model, and for no weights; raises HfHubHTTPError."""

    def download(self, repository: str, revision: str, folder: Path) -> None:
        """Bring the model's files into the folder."""


def check(model: HubModel, *, licensed: bool) -> None:
    """Raise LicenceRefused or NoModel. `licensed` says that there is a licence of one's own."""
    stated = ", ".join(model.licences)
    if not licensed and not model.licences and not any(name.upper().startswith("LICEN") for name in model.files):
        raise LicenceRefused("the model has no licence; ask its authors, then use --licensed")
    if not licensed and NON_COMMERCIAL.search(stated.lower()):
        raise LicenceRefused(
            f"its licence {stated} does not allow selling images; use --licensed if you have another licence"
        )
    check_pipeline(model.index, model.wanted)


class HuggingFace:
    """The hub itself."""

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
        # diffusers looks for the plain names unless it is told the variant.
        for weights in folder.rglob(f"*{VARIANT}safetensors"):
            weights.rename(weights.with_name(weights.name.replace(VARIANT, ".")))
