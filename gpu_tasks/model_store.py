"""Models as the catalogue names them, checked against their hashes before they are loaded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from craftspark.catalogue import Model
from craftspark.errors import ModelUnavailable
from craftspark.settings import WorkerSettings

BUILT_IN = Path(__file__).parent / "models"
MANIFEST = "manifest.json"


def load_pipeline(model: Model, settings: WorkerSettings) -> StableDiffusionPipeline:
    """The model's pipeline on the GPU in half precision, or on the CPU in single; raises ModelUnavailable."""
    folder = fetch(model, settings)
    check(folder)
    device, dtype = ("cuda", torch.float16) if torch.cuda.is_available() else ("cpu", torch.float32)
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, dtype=dtype, safety_checker=None, local_files_only=True
    ).to(device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def fetch(model: Model, settings: WorkerSettings) -> Path:
    """The folder that holds the model, in diffusers' own format."""
    kind, _, place = model.source.partition(":")
    if kind == "built-in":
        return BUILT_IN / place
    raise ModelUnavailable(f"the model {model.name} has a source of an unknown kind: {model.source}")


def check(folder: Path) -> None:
    """Raise ModelUnavailable unless the folder's files are exactly what its manifest says."""
    try:
        expected = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:
        raise ModelUnavailable(f"{folder} has no {MANIFEST}") from None
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file():
            raise ModelUnavailable(f"{path} is missing")
        if hash_of(path) != digest:
            raise ModelUnavailable(f"{path} is not the file that {MANIFEST} names")


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a model folder, by its path inside."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): hash_of(path) for path in paths}
