"""The model store: models by their location in the catalogue, checked against their hashes before they are loaded.

A model is a folder in Diffusers' format with a manifest of its files' SHA-256 hashes. The built-in models are in the
image with the code. Other models are in the models bucket; `python -m gpu_tasks.inference.push_model` uploads them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils import logging as diffusers_log

from craftspark.aws import clients
from craftspark.aws.styles.models import ModelBucket
from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import Model
from craftspark.settings.tasks import RendererSettings, TrainerSettings
from gpu_tasks.inference.device import make_repeatable
from gpu_tasks.inference.manifests import check, fetch

BUILT_IN = Path(__file__).parents[1] / "models"
CACHE = Path(tempfile.gettempdir()) / "craftspark-models"


def load_pipeline(model: Model, settings: RendererSettings) -> StableDiffusionPipeline:
    """Load the model's pipeline, in half precision on a GPU and in single precision on a CPU. Raises ModelUnavailable.

    A GPU worker never falls back to the CPU, which would be a hundred times slower at the same cost.
    """
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ModelUnavailable(
            "PyTorch finds no CUDA device; the driver of the instance may be older than the CUDA version of this image"
        )
    make_repeatable()
    dtype = torch.float16 if settings.device == "cuda" else torch.float32
    return open_pipeline(locate(model.source, settings), dtype).to(settings.device)


def open_pipeline(folder: Path, dtype: torch.dtype = torch.float32) -> StableDiffusionPipeline:
    """Load the pipeline of a model's folder on the CPU. Raises ModelUnavailable."""
    check(folder)
    diffusers_log.disable_progress_bar()  # logs are read by line
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=dtype, safety_checker=None, local_files_only=True)
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


def locate(source: str, settings: RendererSettings | TrainerSettings) -> Path:
    """Return the folder of a model or an adapter, downloaded if necessary. Raises ModelUnavailable."""
    kind, _, place = source.partition(":")
    if kind == "built-in":
        return BUILT_IN / place
    if kind == "s3":
        bucket = ModelBucket(client=clients.s3(), bucket=settings.models_bucket)
        return fetch(CACHE / place, lambda name, path: bucket.download(place, name, path))
    raise ModelUnavailable(f"unknown kind of source: {source}")
