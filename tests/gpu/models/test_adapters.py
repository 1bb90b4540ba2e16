import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel

from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import find_model
from craftspark.models.model import Style
from gpu_tasks.inference import manifests, model_store
from gpu_tasks.inference.adapters import FACTS, WEIGHTS, Adapter, AdapterCache, hash_denoiser
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.families.stable_diffusion import LEARNING
from gpu_tasks.inference.model_store import load_pipeline
from gpu_tasks.renderers.tool_renderers import ToolRenderers
from gpu_tasks.tools.picture import PictureRenderer
from gpu_tasks.training.styles.lora import add_lora, save_lora
from tests.fakes import WORKER_SETTINGS
from tests.gpu.rendering import MARKS, Lenient, an_upscaler, render
from tests.gpu.tools.test_picture import an_order

BASE = model_store.BUILT_IN / "craftspark-clipart-128"
NAMES = ("round", "square", "worded")
MODEL = replace(
    find_model("craftspark-clipart-128"),
    styles=tuple(Style(name=name, title=name, summary=name, source=f"test:{name}", licence="mit") for name in NAMES),
)
Pixels = np.ndarray


def write_adapter(folder: Path, seed: int, **changes: object) -> None:
    """An untrained adapter that changes the drawing strongly."""
    unet = UNet2DConditionModel.from_pretrained(BASE / "unet", dtype=torch.float32)
    add_lora(unet, LEARNING.targets, 2, seed)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in unet.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(std=0.05, generator=generator)
    folder.mkdir()
    save_lora(unet, "unet", folder)
    facts = Adapter(
        name=folder.name, base=BASE.name, denoiser_sha256=hash_denoiser(BASE), rank=2, word=None, recipe={"seed": seed}
    )
    (folder / FACTS).write_text(json.dumps(asdict(facts) | changes))
    manifests.write_manifest(folder)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapters")
    for seed, name in enumerate(NAMES, 1):
        write_adapter(folder / name, seed, **({"word": "ink"} if name == "worded" else {}))
    return folder


@pytest.fixture
def studio_of(shelf: Path) -> Callable[..., ToolRenderers]:
    def of(folder: Path = shelf, max_loaded: int = 8) -> ToolRenderers:
        pipeline = load_pipeline(MODEL, WORKER_SETTINGS)
        adapters = AdapterCache(
            pipeline.unet,
            hash_denoiser(BASE),
            lambda source: folder / source.removeprefix("test:"),
            max_loaded=max_loaded,
        )
        renderers = {"picture": PictureRenderer(Diffusion(pipeline, MODEL, adapters), an_upscaler())}
        return ToolRenderers(renderers, wave_size=MODEL.wave_size, picture_check=Lenient(), provenance=MARKS)

    return of


def drawn(studio: ToolRenderers, style: str | None, prompt: str = "red apple") -> Pixels:
    return render(an_order(prompt, 5, steps=2, style=style), by=studio)[0].pixels


def test_an_image_has_the_same_bytes_whatever_style_was_drawn_before(studio_of: Callable[..., ToolRenderers]) -> None:
    studio = studio_of()
    plain = drawn(studio, None)
    round_, square = drawn(studio, "round"), drawn(studio, "square")

    np.testing.assert_array_equal(drawn(studio, None), plain)
    np.testing.assert_array_equal(drawn(studio, "round"), round_)
    np.testing.assert_array_equal(drawn(studio, "square"), square)
    np.testing.assert_array_equal(drawn(studio_of(), "square"), square)
    assert (plain != round_).any()
    assert (round_ != square).any()


def test_the_longest_unused_adapter_is_let_go_and_comes_back_the_same(studio_of: Callable[..., ToolRenderers]) -> None:
    studio = studio_of(max_loaded=1)
    plain, first = drawn(studio, None), drawn(studio, "round")

    drawn(studio, "square")

    renderer = studio._renderers["picture"]
    assert isinstance(renderer, PictureRenderer)
    assert len(renderer._diffusion.denoiser.peft_config) == 1
    np.testing.assert_array_equal(drawn(studio, "round"), first)
    np.testing.assert_array_equal(drawn(studio, None), plain)


def test_two_studios_around_one_pipeline_draw_as_two_pipelines_would(
    studio_of: Callable[..., ToolRenderers], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, styled = drawn(studio_of(), None), drawn(studio_of(), "round")
    pipeline = load_pipeline(MODEL, WORKER_SETTINGS)
    monkeypatch.setattr(f"{__name__}.load_pipeline", lambda *_: pipeline)
    one, other = studio_of(), studio_of(max_loaded=1)

    for studio in (one, other, one):
        np.testing.assert_array_equal(drawn(studio, "round"), styled)
    np.testing.assert_array_equal(drawn(studio_of(), None), plain)
    drawn(other, "square")  # lets the other one's go
    np.testing.assert_array_equal(drawn(one, "round"), styled)


def test_a_wave_never_mixes_two_styles(studio_of: Callable[..., ToolRenderers]) -> None:
    studio = studio_of()
    kinds = {studio.kind(an_order("a", 1, style=style)) for style in (None, "round", "square")}

    assert len(kinds) == 3
    assert studio.kind(an_order("a", 1, style="round")) == studio.kind(an_order("b", 2, style="round"))


def test_an_adapter_s_word_stands_before_the_prompt(studio_of: Callable[..., ToolRenderers], shelf: Path) -> None:
    assert Adapter.open(shelf / "worded").prompt("red apple") == "ink, red apple"
    assert Adapter.open(shelf / "round").prompt("red apple") == "red apple"
    studio = studio_of()
    assert (drawn(studio, "worded") != drawn(studio, "worded", "blue fish")).any()


def test_a_style_that_the_worker_s_catalogue_lacks_is_refused_by_name(studio_of: Callable[..., ToolRenderers]) -> None:
    with pytest.raises(ModelUnavailable, match="style"):
        studio_of().kind(an_order("a", 1, style="knitted"))


def test_an_adapter_for_another_unet_is_refused_and_leaves_the_model_as_it_was(
    studio_of: Callable[..., ToolRenderers], tmp_path: Path
) -> None:
    write_adapter(tmp_path / "round", 1, denoiser_sha256="0" * 64)
    studio = studio_of(tmp_path)
    plain = drawn(studio, None)

    with pytest.raises(ModelUnavailable, match="trained for a different craftspark-clipart-128"):
        drawn(studio, "round")
    np.testing.assert_array_equal(drawn(studio, None), plain)


def test_an_adapter_whose_matrices_do_not_fit_leaves_the_model_as_it_was(
    studio_of: Callable[..., ToolRenderers], shelf: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(shelf / "round", tmp_path / "round")
    tensors = {
        name: tensor.new_ones(7, *tensor.shape[1:]) if ".lora_B." in name else tensor
        for name, tensor in load_file(tmp_path / "round" / WEIGHTS).items()
    }
    save_file(tensors, tmp_path / "round" / WEIGHTS)
    manifests.write_manifest(tmp_path / "round")
    studio = studio_of(tmp_path)
    plain = drawn(studio, None)

    with pytest.raises(ModelUnavailable, match="does not fit"):
        drawn(studio, "round")
    np.testing.assert_array_equal(drawn(studio, None), plain)


@pytest.mark.parametrize("name", [WEIGHTS, FACTS])
def test_an_adapter_that_was_altered_is_refused(
    studio_of: Callable[..., ToolRenderers], shelf: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(shelf / "round", tmp_path / "round")
    (tmp_path / "round" / name).write_bytes((shelf / "square" / name).read_bytes() + b" ")

    with pytest.raises(ModelUnavailable, match=name):
        drawn(studio_of(tmp_path), "round")


def test_a_folder_whose_facts_are_no_adapter_s_is_refused(tmp_path: Path) -> None:
    (tmp_path / FACTS).write_text('{"name": "x"}')
    manifests.write_manifest(tmp_path)

    with pytest.raises(ModelUnavailable, match="not an adapter"):
        Adapter.open(tmp_path)


def test_several_files_of_unet_weights_have_one_hash_of_their_own(tmp_path: Path) -> None:
    manifest = {"unet/config.json": "c", "unet/a.safetensors": "1"}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    one = hash_denoiser(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"unet/b.safetensors": "2"}))
    two = hash_denoiser(tmp_path)
    (tmp_path / "manifest.json").write_text('{"vae/a.safetensors": "1"}')

    assert one == "1"
    assert len(two) == 64
    with pytest.raises(ModelUnavailable, match="no unet"):
        hash_denoiser(tmp_path)


@pytest.mark.parametrize("style", find_model("craftspark-clipart-128").styles, ids=lambda style: style.name)
def test_every_built_in_style_is_for_the_built_in_model(style: Style) -> None:
    adapter = Adapter.open(model_store.locate(style.source, WORKER_SETTINGS))

    assert adapter.name == style.name
    assert adapter.denoiser_sha256 == hash_denoiser(BASE)
