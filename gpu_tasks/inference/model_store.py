"""The model store: models by their location in the catalogue, checked against their hashes before they are loaded.

A model is a folder in Diffusers' format with a manifest of its files' SHA-256 hashes. The built-in models are in the
image with the code. Other models are in the models bucket; `python -m gpu_tasks.push` uploads them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from aws_lambda_powertools import Logger
from diffusers import DiffusionPipeline
from diffusers.utils import logging as diffusers_log
from safetensors import SafetensorError

from craftspark.aws import clients
from craftspark.aws.styles.models import ModelBucket
from craftspark.errors import ModelUnavailable
from craftspark.models.model import Model
from craftspark.settings.tasks import RendererSettings, TrainerSettings
from gpu_tasks.inference.acceleration import accelerate
from gpu_tasks.inference.device import make_repeatable, name_device
from gpu_tasks.inference.downloads import fetch
from gpu_tasks.inference.families import Family, find_family
from gpu_tasks.inference.file_hashes import HASHES, record_of
from gpu_tasks.inference.manifests import check, read_manifest
from gpu_tasks.inference.model_folder import INDEX

BUILT_IN = Path(__file__).parents[1] / "models"
CACHE = Path(tempfile.gettempdir()) / "craftspark-models"
# Folder for kernels that the compiler made. It keeps those of other GPUs and versions apart.
KERNELS = "kernels"

logger = Logger(service="gpu_worker")


def load_pipeline(model: Model, settings: RendererSettings, components: Mapping[str, Any] | None = None) -> Any:
    """Load a model from its source. Raises ModelUnavailable as `load_folder` does."""
    return load_folder(locate(model.source, settings), model, settings.device, components, find_cache(settings))


def load_folder(
    folder: Path, model: Model, device: str, components: Mapping[str, Any] | None = None, cache: Path = CACHE
) -> Any:
    """Load the pipeline that model_index.json names, with what makes it faster on this machine's device.

    It has the entry's precision on a GPU and single precision on a CPU. `components` are those that are loaded already,
    by their names in the pipeline. Compiled kernels are kept in `cache`. Raises ModelUnavailable, also if the pipeline
    is of another family.

    A GPU worker never falls back to the CPU, which would be a hundred times slower at the same cost.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelUnavailable(
            "PyTorch finds no CUDA device; the driver of the instance may be older than the CUDA version of this image"
        )
    make_repeatable()
    family = find_family(model.family)
    dtype = getattr(torch, model.dtype) if device == "cuda" else torch.float32
    pipeline = open_pipeline(folder, dtype, family, device=device, components=components)
    accelerate(pipeline, family.denoiser, model.on(name_device(device)).acceleration, cache / KERNELS)
    return pipeline


def open_pipeline(
    folder: Path,
    dtype: torch.dtype = torch.float32,
    family: Family | None = None,
    *,
    device: str = "cpu",
    components: Mapping[str, Any] | None = None,
) -> Any:
    """Load the pipeline that model_index.json of a model's folder names, except for components that are loaded already.
    Weights go straight to the device.

    Raises ModelUnavailable, also if the pipeline is of another family than the given one.
    """
    check(folder)
    index = read_index(folder)
    if family:
        family.check_class(str(index.get("_class_name")))
    diffusers_log.disable_progress_bar()  # logs are read by line
    diffusers_log.set_verbosity_error()  # it warns of intended casts at every call
    # The service checks pictures with its own classifier.
    options: dict[str, Any] = {"safety_checker": None} if "safety_checker" in index else {}
    options |= components or {}
    if device != "cpu":
        options["device_map"] = device
    try:
        pipeline = DiffusionPipeline.from_pretrained(folder, dtype=dtype, local_files_only=True, **options)
    except (OSError, ValueError, TypeError, AttributeError, SafetensorError) as error:
        raise ModelUnavailable(f"{folder.name} does not load: {error}") from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def open_text_encoder(folder: Path) -> tuple[Any, Any]:
    """Load the tokenizer and the text encoder of a model's folder on the CPU, without checking its files."""
    from transformers import CLIPTextModel, CLIPTokenizer  # slow to import, and not needed for pipelines
    from transformers.utils import logging as transformers_log

    transformers_log.disable_progress_bar()
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32, local_files_only=True)
    return tokenizer, encoder


def read_index(folder: Path) -> dict[str, Any]:
    """Return model_index.json of a model folder. Raises ModelUnavailable."""
    try:
        index = json.loads((folder / INDEX).read_text())
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{folder} has no valid {INDEX}: {error}") from None
    if not isinstance(index, dict):
        raise ModelUnavailable(f"{folder} has no valid {INDEX}: it is not a JSON object")
    return index


def find_cache(settings: RendererSettings | TrainerSettings) -> Path:
    """Return the folder for downloaded models and for compiled kernels."""
    return Path(settings.models_cache or CACHE)


def locate(source: str, settings: RendererSettings | TrainerSettings, *, pin: bool = True) -> Path:
    """Return the folder of a model or an adapter, downloaded if necessary. It stays on the disk until this process
    ends; without `pin`, another task can delete it after this call. Raises ModelUnavailable.
    """
    kind, _, place = source.partition(":")
    if kind == "built-in":
        if settings.models_cache:
            check_recorded(BUILT_IN / place, Path(settings.models_cache))
        return BUILT_IN / place
    if kind == "s3":
        bucket = ModelBucket(client=clients.s3_downloads(), bucket=settings.models_bucket)
        return fetch(place, bucket, find_cache(settings), pin=pin)
    raise ModelUnavailable(f"unknown kind of source: {source}")


def check_recorded(folder: Path, cache: Path) -> None:
    """Check a folder, and record the hashes of its files for the next process. Raises ModelUnavailable."""
    record = record_of(folder, cache)
    HASHES.restore(record)
    check(folder)
    try:
        HASHES.record(record, [folder / name for name in read_manifest(folder)])
    except OSError as error:  # a worker can work without it
        logger.warning("hashes not recorded", extra={"model": folder.name, "detail": str(error)})
