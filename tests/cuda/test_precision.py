"""Numbers that half precision cannot hold: the decoder computes in single precision, or the model is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from craftspark.errors import ModelUnavailable
from gpu_tasks.inference.model_store import open_pipeline
from tests.gpu.models.test_families import ENTRIES, diffusion_of
from tests.gpu.tiny_models import save

BEYOND_HALF = 1e5  # float16 ends at 65504


def open_loud(name: str, folder: Path, device: str, dtype: torch.dtype) -> Any:
    """A model whose decoder has numbers beyond those of float16, as that of Stable Diffusion XL has. The weights
    themselves are small enough.
    """
    pipeline = open_pipeline(save(name, folder), dtype).to(device)
    with torch.no_grad():
        pipeline.vae.post_quant_conv.weight.mul_(BEYOND_HALF**0.5)
        pipeline.vae.decoder.conv_in.weight.mul_(BEYOND_HALF)
    return pipeline


def test_the_decoder_of_sdxl_computes_in_single_precision(tmp_path: Path, device: str) -> None:
    pipeline = open_loud("sdxl", tmp_path, device, torch.float16)

    diffusion_of(pipeline, ENTRIES["sdxl"]).check_drawings()

    assert pipeline.vae.dtype == torch.float16


def test_without_single_precision_the_decoder_of_sdxl_is_found_before_the_worker_is_ready(
    tmp_path: Path, device: str
) -> None:
    pipeline = open_loud("sdxl", tmp_path, device, torch.float16)
    pipeline.vae.register_to_config(force_upcast=False)

    with pytest.raises(ModelUnavailable, match=r"not finite in torch\.float16"):
        diffusion_of(pipeline, ENTRIES["sdxl"]).check_drawings()


@pytest.mark.parametrize(("dtype", "works"), [(torch.float16, False), (torch.bfloat16, True)])
def test_a_model_for_bfloat16_is_refused_in_float16(
    dtype: torch.dtype, works: bool, tmp_path: Path, device: str
) -> None:
    entry = replace(ENTRIES["flux-schnell"], capabilities=frozenset({"draw"}))
    pipeline = open_loud_transformer(tmp_path, device, dtype)

    if works:
        diffusion_of(pipeline, entry).check_drawings()
    else:
        with pytest.raises(ModelUnavailable, match=r"not finite in torch\.float16"):
            diffusion_of(pipeline, entry).check_drawings()


def open_loud_transformer(folder: Path, device: str, dtype: torch.dtype) -> Any:
    pipeline = open_pipeline(save("flux-schnell", folder), dtype).to(device)
    with torch.no_grad():
        pipeline.transformer.x_embedder.weight.fill_(6e4)
    return pipeline
