"""The contents of a model's or an adapter's folder, checked by its index and file names."""

from collections.abc import Collection
from typing import Any

from gpu_tasks.inference import adapters

INDEX = "model_index.json"
# The only family that `load_pipeline` loads.
FAMILY = "StableDiffusionPipeline"
# Not downloaded: the service checks pictures with its own classifier.
SKIPPED = ("safety_checker", "feature_extractor")
# Components of these kinds have only settings.
WITHOUT_WEIGHTS = ("Tokenizer", "TokenizerFast", "Scheduler")


class NoModel(Exception):
    """A folder is neither a supported model nor an adapter. The message names the problem."""


def check_adapter(names: Collection[str]) -> None:
    """Raise NoModel unless these are the files of a style's adapter."""
    missing = [name for name in (adapters.FACTS, adapters.WEIGHTS) if name not in names]
    if missing:
        raise NoModel(f"not a model: {INDEX} is missing; not an adapter: {' and '.join(missing)} missing")


def check_pipeline(index: Any, names: Collection[str]) -> None:
    """Raise NoModel unless the index is of the supported family and each of its components has its files.

    `index` is the parsed model_index.json, `names` are the files' paths inside the folder.
    """
    if not isinstance(index, dict):
        raise NoModel(f"not a model: {INDEX} is not a JSON object")
    if (family := index.get("_class_name")) != FAMILY:
        raise NoModel(f"the worker supports {FAMILY}, not {family}")
    # A component is [library, class]; [null, null] if the pipeline does not have it.
    components = {
        name: str(kind[1])
        for name, kind in index.items()
        if isinstance(kind, list) and len(kind) == 2 and any(kind) and name not in SKIPPED
    }
    missing = [name for name, kind in components.items() if not _is_there(name, kind, names)]
    if missing or not components:
        raise NoModel(f"not a model: files are missing for {', '.join(missing) or 'all components'}")


def _is_there(component: str, kind: str, names: Collection[str]) -> bool:
    files = [name for name in names if name.startswith(f"{component}/")]
    if kind.endswith(WITHOUT_WEIGHTS):
        return bool(files)
    return any(name.endswith(".safetensors") for name in files)
