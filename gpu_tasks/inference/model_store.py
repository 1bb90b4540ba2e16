"""The model store: models by their location in the catalogue, checked against their hashes before they are loaded.

A model is a folder in Diffusers' format with a manifest of its files' SHA-256 hashes. The built-in models are in the
image with the code. Other models are in the models bucket; `python -m gpu_tasks.inference.push_model` uploads them.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils import logging as diffusers_log

from craftspark.aws import clients
from craftspark.aws.styles.models import ModelBucket
from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import Model
from craftspark.settings.tasks import RendererSettings, TrainerSettings
from gpu_tasks.inference.device import make_repeatable

BUILT_IN = Path(__file__).parents[1] / "models"
CACHE = Path(tempfile.gettempdir()) / "craftspark-models"
MANIFEST = "manifest.json"
FILES_AT_ONCE = 4

Download = Callable[[str, Path], None]


def load_pipeline(model: Model, settings: RendererSettings) -> StableDiffusionPipeline:
    """Load the model's pipeline, in half precision on a GPU and in single precision on a CPU. Raises ModelUnavailable.

    A GPU worker never falls back to the CPU, which would be a hundred times slower at the same cost.
    """
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ModelUnavailable(
            "PyTorch finds no CUDA device; the driver of the instance may be older than the CUDA version of this image"
        )
    folder = locate(model.source, settings)
    check(folder)
    diffusers_log.disable_progress_bar()  # logs are read by line
    make_repeatable()
    dtype = torch.float16 if settings.device == "cuda" else torch.float32
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, dtype=dtype, safety_checker=None, local_files_only=True
    ).to(settings.device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def locate(source: str, settings: RendererSettings | TrainerSettings) -> Path:
    """Return the folder of a model or an adapter, downloaded if necessary. Raises ModelUnavailable."""
    kind, _, place = source.partition(":")
    if kind == "built-in":
        return BUILT_IN / place
    if kind == "s3":
        bucket = ModelBucket(client=clients.s3(), bucket=settings.models_bucket)
        return fetch(CACHE / place, lambda name, path: bucket.download(place, name, path))
    raise ModelUnavailable(f"unknown kind of source: {source}")


def fetch(folder: Path, download: Download) -> Path:
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


def build_manifest(folder: Path) -> dict[str, str]:
    """Return the SHA-256 hash of every file of a model folder, by path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in paths}


def write_manifest(folder: Path) -> None:
    """Write the manifest of a model folder."""
    (folder / MANIFEST).write_text(json.dumps(build_manifest(folder), indent=1) + "\n")
