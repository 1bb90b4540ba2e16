"""What makes a pipeline faster on a GPU, on a CPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from craftspark.errors import ModelUnavailable
from craftspark.models import profiles
from craftspark.models.acceleration import NO_ACCELERATION, Acceleration
from gpu_tasks.inference import model_store
from gpu_tasks.inference.acceleration import COMPILER_CACHE, TILE, accelerate
from gpu_tasks.inference.diffusion import DrawingSettings, Sketch
from gpu_tasks.inference.model_store import load_folder, open_pipeline
from gpu_tasks.profile.accelerations import CANDIDATES, Timed, choose_acceleration
from gpu_tasks.profile.drawing import measure_model
from tests.gpu.models.test_families import ENTRIES, diffusion_of
from tests.gpu.tiny_models import save

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
LARGE = TILE + 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save("sd-1.5", tmp_path / "model")


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restores the compiler's settings."""
    import torch._dynamo.config
    import torch._inductor.config

    monkeypatch.setenv(COMPILER_CACHE, "elsewhere")
    with torch._dynamo.config.patch(recompile_limit=8), torch._inductor.config.patch(deterministic=False):
        yield


def test_channels_last_is_for_the_networks_with_convolutions(folder: Path, tmp_path: Path) -> None:
    pipeline = open_pipeline(folder)

    accelerate(pipeline, "unet", Acceleration(channels_last=True), tmp_path)

    for weight in (pipeline.unet.conv_in.weight, pipeline.vae.decoder.conv_in.weight):
        assert weight.is_contiguous(memory_format=torch.channels_last)
        assert not weight.is_contiguous()


def test_the_repeated_blocks_are_compiled_for_fixed_shapes(
    folder: Path, tmp_path: Path, compiler: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = open_pipeline(folder)
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda _, **options: asked.append(options))

    accelerate(pipeline, "unet", Acceleration(compiled=True), tmp_path / "kernels")

    blocks = [each for each in pipeline.unet.modules() if type(each).__name__ == "BasicTransformerBlock"]
    assert asked == [{"fullgraph": True, "dynamic": False}] * len(blocks)
    assert os.environ[COMPILER_CACHE] == str(tmp_path / "kernels")
    assert torch._inductor.config.deterministic


def test_a_network_without_repeated_blocks_cannot_be_compiled(
    folder: Path, tmp_path: Path, compiler: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = open_pipeline(folder)
    monkeypatch.setattr(type(pipeline.unet), "_repeated_blocks", None)

    with pytest.raises(ModelUnavailable, match="the unet cannot be compiled"):
        accelerate(pipeline, "unet", Acceleration(compiled=True), tmp_path)


def test_a_model_has_the_acceleration_of_its_device_s_record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {"cpu": {}, "H100": {"acceleration": {"channels_last": True}}}
    record = {"seconds": {"step_s": 1}, "source": "here"}
    monkeypatch.setattr(profiles, "read_table", lambda device: {"records": {"sd-1.5": {**record, **tables[device]}}})
    entry = ENTRIES["sd-1.5"]

    assert entry.on("cpu").acceleration == NO_ACCELERATION
    assert entry.on("H100").acceleration == Acceleration(channels_last=True)
    assert replace(entry, faster=NO_ACCELERATION).on("H100").acceleration == NO_ACCELERATION
    assert load_folder(folder, entry, "cpu").unet.conv_in.weight.is_contiguous()
    tables["cpu"] = tables["H100"]
    assert not load_folder(folder, entry, "cpu").unet.conv_in.weight.is_contiguous()


def test_the_profile_leaves_off_what_fails_and_measures_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impossible = Acceleration(compiled=True)
    monkeypatch.setitem(CANDIDATES, "cpu", (Acceleration(channels_last=True), impossible))

    def without_compiler(pipeline: Any, denoiser: str, acceleration: Acceleration, cache: Path) -> None:
        accelerate(pipeline, denoiser, replace(acceleration, compiled=False), cache)
        if acceleration.compiled:
            pipeline.unet.register_forward_pre_hook(fail)

    def fail(*_: Any) -> None:
        raise RuntimeError("Failed to find C compiler")

    monkeypatch.setattr(model_store, "accelerate", without_compiler)
    record = measure_model(ENTRIES["sd-1.5"], folder, "cpu", (1,))

    measured = record["accelerations"]
    assert list(measured) == ["none", "channels_last", "compiled"]
    assert measured["channels_last"]["image_s"] > 0
    assert "C compiler" in measured["compiled"]["failure"]
    assert record["acceleration"] in ({}, {"channels_last": True})


@pytest.mark.parametrize(("kept", "acceleration"), [(None, {"channels_last": True}), (1, {})])
def test_a_measured_record_keeps_its_acceleration_as_its_wave(
    kept: int | None, acceleration: dict[str, bool], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faster = Acceleration(channels_last=True)
    monkeypatch.setattr("gpu_tasks.profile.drawing.choose_acceleration", lambda _timed: faster)

    record = measure_model(ENTRIES["sd-1.5"], folder, "cpu", (1,), kept)

    assert record["acceleration"] == acceleration


@pytest.mark.parametrize(
    ("first_s", "image_s", "pays"),
    [(2.0, 0.8, True), (2.0, 0.96, False), (60.0, 0.8, True), (62.0, 0.8, False)],
    ids=["faster", "hardly faster", "paid back", "never paid back"],
)
def test_an_acceleration_is_chosen_only_if_it_pays(first_s: float, image_s: float, pays: bool) -> None:
    compiled = Acceleration(compiled=True)
    plain = Timed(acceleration=NO_ACCELERATION, first_s=1.0, image_s=1.0)

    chosen = choose_acceleration([plain, Timed(acceleration=compiled, first_s=first_s, image_s=image_s)])

    assert chosen == (compiled if pays else NO_ACCELERATION)
    assert choose_acceleration([plain, Timed(acceleration=compiled, failure="none")]) == NO_ACCELERATION


@pytest.mark.parametrize(
    ("tile_above", "repeat", "tiles"),
    [(None, None, 1), (LARGE**2, None, 1), (LARGE**2 - 1, None, 4), (1, "straight", 1)],
    ids=["no limit", "not above the limit", "above the limit", "seamless"],
)
def test_a_large_picture_is_decoded_in_tiles(
    tile_above: int | None, repeat: Any, tiles: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = open_pipeline(folder)
    size = f"{LARGE}x{LARGE}"
    entry = replace(ENTRIES["sd-1.5"], sizes=(size,), default_size=size, faster=Acceleration(tile_above=tile_above))
    decoded: list[int] = []
    pipeline.vae.decoder.register_forward_pre_hook(lambda _, given: decoded.append(given[0].shape[-1]))
    settings = DrawingSettings(size=(LARGE, LARGE), steps=1, guidance=1, repeat=repeat)
    sketch = Sketch(prompt="apple", negative_prompt="", seed=0)

    [pixels] = diffusion_of(pipeline, entry).draw([sketch], settings, lambda _: None)

    assert len(decoded) == tiles
    assert pixels is not None
    assert pixels.shape == (LARGE, LARGE, 3)
    assert not pipeline.vae.use_tiling
