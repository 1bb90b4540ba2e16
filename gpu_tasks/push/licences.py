"""The licences of a model that is pushed: those on its card, in its licence files and of its text encoders."""

from __future__ import annotations

from collections.abc import Mapping

from craftspark.models.licences import LICENCES, Licence, LicenceName, LicenceRefused, check_licences
from gpu_tasks.inference.model_folder import ModelFiles

# Text encoders with separate terms, which hold in addition to the pipeline's licence.
_ENCODERS: Mapping[str, LicenceName] = {"Gemma": "gemma"}


def read_licences(files: ModelFiles, *, licensed: bool) -> tuple[tuple[str, ...], tuple[Licence, ...]]:
    """The identifiers on the model's card, and the licences that are known. Raises LicenceRefused."""
    stated = read_card(files)
    texts = tuple(
        files.read(path).decode(errors="replace")
        for path in files.sizes
        if "/" not in path and path.upper().startswith(("LICENSE", "LICENCE"))
    )
    return stated, check_licences(stated, texts, licensed=licensed)


def read_card(files: ModelFiles) -> tuple[str, ...]:
    """The identifiers of the licences in the front matter of README.md. Raises LicenceRefused if it is not valid."""
    from huggingface_hub import metadata_load
    from yaml import YAMLError  # type: ignore[import-untyped]

    if "README.md" not in files.sizes:
        return ()
    files.read("README.md")
    try:
        data = metadata_load(files.path("README.md")) or {}
    except (ValueError, YAMLError) as error:
        raise LicenceRefused(f"the front matter of README.md is not valid: {error}") from None
    names = data.get("license")
    names = names if isinstance(names, list) else [names]
    own = data.get("license_name")
    # The card of a licence without an identifier has `other`, and the name in another field.
    named = [own if str(name) == "other" and own else name for name in names]
    return tuple(str(name) for name in named if name and str(name) != "unknown")


def list_encoder_licences(components: Mapping[str, tuple[str, str]]) -> list[Licence]:
    kinds = [kind for _, kind in components.values()]
    return [
        LICENCES[licence] for prefix, licence in _ENCODERS.items() if any(kind.startswith(prefix) for kind in kinds)
    ]
