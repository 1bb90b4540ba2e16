"""The seconds and the memory of a picture with the shape of Stable Diffusion XL, and what changes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks.entries import Entry
from craftspark.models.acceleration import Acceleration
from gpu_tasks.inference.acceleration import accelerate
from tests.cuda.shapes import SDXL, Shape, build, choose_shape, diffusion_of, draw
from tests.cuda.timing import Measured, measure

Record = Callable[[Entry], None]
WAVES = (1, 2, 4, 8)
TILE = 512  # pixels


@pytest.fixture
def shape(device: str) -> Shape:
    return choose_shape(SDXL, device)


def record_seconds(record: Record, name: str, measured: Measured, **beside: Any) -> None:
    beside |= {"first_s": round(measured.first_s, 3), "peak_gib": round(measured.peak_gib, 2)}
    record(
        Entry(name=name, value=round(measured.seconds, 4), goal=None, better="lower", unit="s an image", beside=beside)
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_picture_in_half_precision(dtype: str, shape: Shape, device: str, record: Record) -> None:
    pipeline = build(shape, device, getattr(torch, dtype))
    diffusion = diffusion_of(pipeline, shape)
    parameters = sum(each.numel() for each in pipeline.unet.parameters())

    measured = measure(lambda: draw(diffusion), device)

    record_seconds(record, f"sdxl_{dtype}", measured, unet_parameters=parameters)
    assert draw(diffusion) == measured.result


def test_attention_is_pytorch_s_own(shape: Shape, device: str, record: Record) -> None:
    pipeline = build(shape, device)
    diffusion = diffusion_of(pipeline, shape)

    with sdpa_kernel(SDPBackend.MATH):
        measured = measure(lambda: draw(diffusion), device, rounds=1)

    record_seconds(record, "sdxl_attention_without_fused_kernels", measured)
    kinds = {type(each).__name__ for each in pipeline.unet.attn_processors.values()}
    assert kinds == {"AttnProcessor2_0"}


def test_channels_last(shape: Shape, device: str, tmp_path: Path, record: Record) -> None:
    pipeline = build(shape, device)
    accelerate(pipeline, "unet", Acceleration(channels_last=True), tmp_path)
    diffusion = diffusion_of(pipeline, shape)

    measured = measure(lambda: draw(diffusion), device)

    record_seconds(record, "sdxl_channels_last", measured)
    assert draw(diffusion) == measured.result
    assert pipeline.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("channels_last", [False, True])
def test_compiled_blocks(
    channels_last: bool, shape: Shape, device: str, tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    pipeline = build(shape, device)
    accelerate(pipeline, "unet", Acceleration(channels_last=channels_last, compiled=True), tmp_path)
    diffusion = diffusion_of(pipeline, shape)

    measured = measure(lambda: draw(diffusion), device)

    record_seconds(record, "sdxl_compiled" + ("_channels_last" if channels_last else ""), measured)
    assert draw(diffusion) == measured.result
    assert any(path.is_file() for path in tmp_path.rglob("*"))


def test_decoding_in_tiles(shape: Shape, device: str, record: Record) -> None:
    decoder = build(shape, device).vae.to(torch.float32)
    latents = torch.randn(1, 4, shape.side // 8, shape.side // 8, generator=torch.Generator().manual_seed(0)).to(device)

    def decode() -> torch.Tensor:
        with torch.no_grad():
            picture: torch.Tensor = decoder.decode(latents, return_dict=False)[0]
        return picture

    whole = measure(decode, device)
    decoder.tile_sample_min_size = min(TILE, shape.side // 2)
    decoder.tile_latent_min_size = decoder.tile_sample_min_size // 8
    decoder.enable_tiling()
    tiled = measure(decode, device)

    record_seconds(record, "sdxl_decoding", whole)
    record_seconds(record, "sdxl_decoding_in_tiles", tiled)
    assert tiled.result.shape == whole.result.shape
    assert torch.isfinite(tiled.result).all()


def test_pictures_in_one_call(shape: Shape, device: str, record: Record) -> None:
    pipeline = build(shape, device)
    for wave in WAVES:
        diffusion = diffusion_of(pipeline, shape, wave_size=wave)

        measured = measure(lambda diffusion=diffusion, wave=wave: draw(diffusion, wave), device, rounds=1)  # type: ignore[misc]

        record_seconds(record, f"sdxl_call_of_{wave}", measured, images_per_s=round(wave / measured.seconds, 3))
        assert len(set(measured.result)) == wave
