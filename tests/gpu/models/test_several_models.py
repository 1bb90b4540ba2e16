"""Several models in one worker: which are loaded, what they share, and what a model that cannot be loaded means."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import pytest
import torch

from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import find_tool
from craftspark.tools.sources import Source
from gpu_tasks.activity import Activities
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import Png, encode_file
from gpu_tasks.images.provenance import Recipe
from gpu_tasks.inference.device import free_memory
from gpu_tasks.inference.manifests import measure_bytes, write_manifest
from gpu_tasks.inference.model_store import load_folder, load_pipeline
from gpu_tasks.renderers import pool_renderer
from gpu_tasks.renderers.loading import load_renderer
from gpu_tasks.renderers.pool_renderer import RETRY_S, PoolRenderer
from gpu_tasks.renderers.shared_components import BYTES_PER_NUMBER, SharedComponents, count_numbers
from gpu_tasks.renderers.tool_renderers import Surroundings
from tests.fakes import WORKER_SETTINGS, a_job
from tests.gpu.rendering import no_source, silent
from tests.gpu.tiny_models import save

TOOLS = {"picture": "first", "variations": "second"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Two tiny models with the same text encoder and the same decoder, and with different UNets."""
    first = save("sd-1.5", tmp_path_factory.mktemp("models") / "first")
    second = first.parent / "second"
    shutil.copytree(first, second)
    [weights] = (second / "unet").glob("*.safetensors")
    from safetensors.torch import load_file, save_file

    save_file({name: tensor * 1.01 for name, tensor in load_file(weights).items()}, weights, {"format": "pt"})
    write_manifest(second)
    return {"first": first, "second": second}


@pytest.fixture
def models(folders: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Model]:
    """Their catalogue entries. Each needs a GiB."""
    entries = {
        name: replace(
            find_model("stable-diffusion-v1-5"),
            name=name,
            source=f"built-in:{folder}",
            sizes=("64x64",),
            default_size="64x64",
            default_steps=2,
            wave=2,
            gpu_memory_gib=1,
        )
        for name, folder in folders.items()
    }
    for name, entry in entries.items():
        monkeypatch.setitem(CATALOGUE, name, entry)
    return entries


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """The pipelines that are loaded, by the names of their models, as long as something refers to them."""
    pipelines: WeakValueDictionary[str, Any] = WeakValueDictionary()

    def load(folder: Path, model: Model, *arguments: Any) -> Any:
        pipelines[model.name] = pipeline = load_folder(folder, model, *arguments)
        return pipeline

    monkeypatch.setattr(pool_renderer, "load_folder", load)
    return pipelines


def a_pool(budget_gib: float, tools: Mapping[str, str] = TOOLS, **options: Any) -> PoolRenderer:
    return PoolRenderer(tools, Surroundings.of(no_source, WORKER_SETTINGS), budget_gib=budget_gib, **options)


def an_order(model: str, seed: int = 5) -> ImageOrder:
    request = parse_request(find_tool("picture").request, '{"prompt": "apple"}').for_model(find_model(model))
    return ImageOrder.of(a_job(model=model, request=request.model_dump()), 0, seed)


def draw(pool: PoolRenderer, order: ImageOrder) -> Drawing:
    [drawing] = pool.render([order], silent)
    assert isinstance(drawing, Drawing), drawing
    return drawing


@pytest.mark.usefixtures("models")
def test_a_model_is_unloaded_before_another_that_does_not_fit_and_its_memory_is_free(opened: Mapping[str, Any]) -> None:
    pool = a_pool(budget_gib=1.5)

    pool.load("first")
    assert set(opened) == {"first"}
    pool.load("second")

    assert list(pool.loaded) == ["second"]
    assert set(opened) == {"second"}


@pytest.mark.usefixtures("models")
def test_the_last_images_of_an_unloaded_model_are_finished() -> None:
    pool = a_pool(1.5, {"picture": "first", "variations": "second"})
    order = an_order("first")
    drawing = draw(pool, order)

    pool.load("second")

    assert pool.finish(order, drawing).png
    assert not pool.is_loaded("first")


@pytest.mark.usefixtures("models")
def test_a_model_draws_the_same_pixels_after_it_was_unloaded_and_beside_one_that_shares_its_networks() -> None:
    alone, swapped, together = a_pool(9), a_pool(1.5), a_pool(9)

    swapped.load("first")
    swapped.load("second")
    together.load("second")

    expected = draw(alone, an_order("first")).pixels
    assert (draw(swapped, an_order("first")).pixels == expected).all()
    assert (draw(together, an_order("first")).pixels == expected).all()


def test_equal_files_are_loaded_once(models: Mapping[str, Model], folders: Mapping[str, Path]) -> None:
    components = SharedComponents()
    first = load_pipeline(models["first"], WORKER_SETTINGS)
    components.add(folders["first"], "float16", first)

    shared = components.find(folders["second"], "float16")
    second = load_pipeline(models["second"], WORKER_SETTINGS, shared)

    assert shared.keys() == {"text_encoder", "vae"}
    assert second.text_encoder is first.text_encoder
    assert second.vae is first.vae
    assert second.unet is not first.unet


def test_equal_files_in_another_form_are_not_shared(models: Mapping[str, Model], folders: Mapping[str, Path]) -> None:
    components = SharedComponents()
    pipeline = load_pipeline(models["first"], WORKER_SETTINGS)
    components.add(folders["first"], "float16", pipeline)

    assert components.find(folders["second"], "float16")
    assert not components.find(folders["second"], "bfloat16")


def test_shared_networks_leave_the_memory_with_the_last_model_that_has_them(
    models: Mapping[str, Model], folders: Mapping[str, Path]
) -> None:
    components = SharedComponents()
    first = load_pipeline(models["first"], WORKER_SETTINGS)
    components.add(folders["first"], "float16", first)
    second = load_pipeline(models["second"], WORKER_SETTINGS, components.find(folders["second"], "float16"))

    del first
    free_memory("cpu")
    assert components.find(folders["first"], "float16").keys() == {"text_encoder", "vae"}

    del second
    free_memory("cpu")
    assert not components.find(folders["first"], "float16")


def test_the_budget_counts_shared_networks_once(
    models: Mapping[str, Model], monkeypatch: pytest.MonkeyPatch, opened: Mapping[str, Any]
) -> None:
    pool = a_pool(9)
    pool.load("first")
    pipeline = opened["first"]
    shared_gib = BYTES_PER_NUMBER / 2**30 * sum(map(count_numbers, (pipeline.text_encoder, pipeline.vae)))
    whole_gib = shared_gib + BYTES_PER_NUMBER / 2**30 * count_numbers(pipeline.unet)
    del pipeline
    for name, entry in models.items():
        monkeypatch.setitem(CATALOGUE, name, replace(entry, gpu_memory_gib=whole_gib))
    enough_gib = 2 * whole_gib - shared_gib

    for budget_gib, expected in ((enough_gib, ["first", "second"]), (0.99 * enough_gib, ["second"])):
        pool = a_pool(budget_gib)
        pool.load("first")
        pool.load("second")
        assert list(pool.loaded) == expected


@pytest.mark.usefixtures("models")
def test_a_worker_is_ready_with_as_many_models_as_fit() -> None:
    small, large = a_pool(1.5), a_pool(9)

    small.preload()
    large.preload()

    assert list(small.loaded) == ["first"]
    assert list(large.loaded) == ["first", "second"]


@pytest.mark.usefixtures("models")
def test_a_job_with_a_model_of_another_pool_fails_by_a_name_that_says_which() -> None:
    pool = a_pool(9)

    with pytest.raises(ModelUnavailable, match="no model craftspark-clipart-128; it has first, second"):
        pool.load("craftspark-clipart-128")


def damage(folder: Path, copy: Path) -> Path:
    shutil.copytree(folder, copy)
    (copy / "unet/config.json").write_text("{}")
    return copy


def test_a_damaged_model_is_an_error_by_name_and_the_others_go_on(
    models: Mapping[str, Model], folders: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(models["second"], source=f"built-in:{damage(folders['second'], tmp_path / 'broken')}")
    monkeypatch.setitem(CATALOGUE, "second", broken)
    pool = a_pool(9)

    pool.preload()

    assert list(pool.loaded) == ["first"]
    with pytest.raises(ModelUnavailable, match=r"unet/config\.json"):
        pool.load("second")
    draw(pool, an_order("first"))


def test_a_worker_none_of_whose_models_can_be_loaded_is_not_ready(
    models: Mapping[str, Model], folders: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(models["first"], source=f"built-in:{damage(folders['first'], tmp_path / 'broken')}")
    monkeypatch.setitem(CATALOGUE, "first", broken)

    with pytest.raises(ModelUnavailable, match=r"unet/config\.json"):
        a_pool(9, {"picture": "first"}).preload()


@pytest.mark.usefixtures("models")
def test_a_model_that_could_not_be_loaded_does_not_unload_others_again_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, tried = 0.0, []
    pool = a_pool(1.5, now=lambda: now)

    def fail(_folder: Path, model: Model, *_: Any) -> Any:
        tried.append(model.name)
        raise ModelUnavailable("its files are damaged")

    monkeypatch.setattr(pool_renderer, "load_folder", fail)
    for seconds in (0.0, RETRY_S - 1, RETRY_S):
        now = seconds
        with pytest.raises(ModelUnavailable, match="its files are damaged"):
            pool.load("second")

    assert tried == ["second", "second"]


@pytest.mark.usefixtures("models")
def test_a_model_that_exceeds_the_memory_is_loaded_without_the_others(
    opened: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = a_pool(9)
    pool.load("first")

    def load_if_alone(*arguments: Any) -> Any:
        if opened:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return load_folder(*arguments)

    monkeypatch.setattr(pool_renderer, "load_folder", load_if_alone)
    pool.load("second")

    assert list(pool.loaded) == ["second"]


@pytest.mark.usefixtures("models")
def test_the_watchdog_waits_for_as_long_as_a_load_may_take(
    folders: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    activities = Activities(lambda: 100.0)
    silent_s: list[float] = []

    def load(*arguments: Any) -> Any:
        silent_s.append(activities.idle_s())
        return load_folder(*arguments)

    monkeypatch.setattr(pool_renderer, "load_folder", load)
    monkeypatch.setattr(pool_renderer, "LOADED_PER_S", 1000)
    pool = a_pool(budget_gib=1.5)

    with activities.track("wave"):
        pool.load("first")
        after = activities.idle_s()

    assert silent_s == [-measure_bytes(folders["first"]) / 1000]
    assert after == 0


def test_a_pool_that_only_enlarges_loads_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_renderer, "load_folder", partial(pytest.fail, "a model was loaded"))
    upscaler = "craftspark-upscaler-x4"
    content = encode_file(Png(pixels=np.full((24, 32, 3), 128, np.uint8)))
    source = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=32, height=24)
    job = a_job(tool="upscale", model=upscaler, request={"source": source.reference, "factor": 2}, sources=(source,))
    order = ImageOrder.of(job, 0, 1)

    pool = load_renderer(lambda _: content, replace(WORKER_SETTINGS, tools=json.dumps({"upscale": upscaler})))
    pool.preload()

    assert pool.is_loaded(upscaler)
    assert not pool.loaded
    drawing = draw(pool, order)
    assert drawing.pixels.shape == (48, 64, 3)
    recipe = Recipe.read(pool.finish(order, drawing).png)
    assert (recipe.model, set(recipe.networks)) == (upscaler, {upscaler})
