"""Pipelines that a push rejects, and the reasons."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gpu_tasks.inference.manifests import write_manifest
from gpu_tasks.inference.model_folder import MAX_JSON
from tests.gpu.folder_bucket import FolderBucket
from tests.gpu.model_layouts import a_folder, dotted, save_weights, shard, write
from tests.gpu.pushing import refuse_folder

UNET = "diffusion_pytorch_model"


def edit_index(folder: Path, **changes: Any) -> None:
    path = folder / "model_index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def replace_index(folder: Path, text: str) -> None:
    write(folder / "model_index.json", text)


def write_card(folder: Path, front_matter: str) -> None:
    write(folder / "README.md", f"---\n{front_matter}\n---\n# A model\n")


def drop_index(folder: Path) -> None:
    shard(folder / "unet", UNET).unlink()


def drop_shard(folder: Path) -> None:
    shard(folder / "unet", UNET)
    (folder / f"unet/{UNET}-00002-of-00002.safetensors").unlink()


def name_shard_outside(folder: Path) -> None:
    index = shard(folder / "unet", UNET)
    index.write_text(index.read_text().replace(f"{UNET}-00002", f"../vae/{UNET}-00002"))


def drop_tensor(folder: Path) -> None:
    shard(folder / "unet", UNET)
    save_weights(folder / f"unet/{UNET}-00002-of-00002.safetensors", "another")


def truncate(folder: Path) -> None:
    path = folder / "unet" / dotted(UNET, None)
    path.write_bytes(path.read_bytes()[:-1])


def link(folder: Path) -> None:
    os.link(folder / "unet/config.json", folder.parent / "config.json")
    (folder / "unet/config.json").unlink()
    (folder / "unet/config.json").symlink_to(folder.parent / "config.json")


def link_folder(folder: Path) -> None:
    shutil.move(folder / "unet", folder.parent / "unet")
    (folder / "unet").symlink_to(folder.parent / "unet")


def lie_about_the_header(folder: Path) -> None:
    (folder / "unet" / dotted(UNET, None)).write_bytes((2**40).to_bytes(8, "little") + b"{}")


def damage(folder: Path) -> None:
    write_manifest(folder)
    write(folder / "unet/config.json", '{"changed": 1}')


def grow(folder: Path) -> None:
    with (folder / "unet/config.json").open("r+b") as file:
        file.truncate(MAX_JSON + 1)


def lose(folder: Path) -> None:
    write_manifest(folder)
    (folder / "tokenizer/special_tokens_map.json").unlink()


REFUSALS: dict[str, tuple[Callable[[Path], object], str]] = {
    "an unknown class": (
        lambda at: edit_index(at, _class_name="WanPipeline"),
        "WanPipeline; they load Chroma",
    ),
    "a class of the model's own": (lambda at: edit_index(at, _class_name=["pipeline", "Mine"]), "is never run"),
    "a custom pipeline": (lambda at: edit_index(at, custom_pipeline="mine"), "custom_pipeline"),
    "custom pipelines": (lambda at: edit_index(at, custom_pipelines={"x": "mine"}), "custom_pipelines"),
    "remote code": (lambda at: edit_index(at, auto_map={"AutoModel": "mine.Model"}), "auto_map"),
    "remote code of a component": (
        lambda at: write(at / "text_encoder/config.json", '{"auto_map": {"AutoModel": "mine.Model"}}'),
        "text_encoder/config.json has auto_map",
    ),
    "remote code of a tokenizer": (
        lambda at: write(at / "tokenizer/tokenizer_config.json", '{"auto_map": {"AutoTokenizer": "mine.T"}}'),
        "tokenizer/tokenizer_config.json has auto_map",
    ),
    "a component of another library": (lambda at: edit_index(at, unet=["mine", "UNet"]), "of the library mine"),
    "a safety checker of another library": (
        lambda at: edit_index(at, safety_checker=["mine", "StableDiffusionSafetyChecker"]),
        "the component safety_checker is of the library mine",
    ),
    "a component outside the folder": (
        lambda at: edit_index(at, **{"../unet": ["diffusers", "UNet2DConditionModel"]}),
        "invalid component: ../unet",
    ),
    "a component without library": (lambda at: edit_index(at, unet=[None, "UNet"]), "invalid component: unet"),
    "a component that is missing": (lambda at: edit_index(at, unet_2=["diffusers", "UNet"]), "unet_2/config.json"),
    "an index without components": (
        lambda at: replace_index(at, '{"_class_name": "FluxPipeline"}'),
        "no components",
    ),
    "an index that is no object": (
        lambda at: replace_index(at, "[]"),
        "is not a JSON object",
    ),
    "an index that is no JSON": (lambda at: replace_index(at, "{"), "model_index.json is not valid JSON"),
    "no index": (lambda at: (at / "model_index.json").unlink(), "model_index.json is missing"),
    "no unet": (lambda at: shutil.rmtree(at / "unet"), "unet/config.json"),
    "no weights": (lambda at: (at / "vae" / dotted(UNET, None)).unlink(), "the weights of vae are missing"),
    "no tokenizer": (lambda at: shutil.rmtree(at / "tokenizer"), "tokenizer/tokenizer.json"),
    "half a vocabulary": (lambda at: (at / "tokenizer/merges.txt").unlink(), "tokenizer/tokenizer.json"),
    "no scheduler": (lambda at: shutil.rmtree(at / "scheduler"), "scheduler/scheduler_config.json"),
    "shards without an index": (drop_index, f"unet/{UNET}-00001-of-00002.safetensors is a shard without an index"),
    "an index that names a missing shard": (drop_shard, f"names '{UNET}-00002-of-00002.safetensors', which is missing"),
    "an index that leads outside": (name_shard_outside, f"names '../vae/{UNET}-00002-of-00002.safetensors'"),
    "a shard without its tensors": (drop_tensor, "layer.1, which it does not have"),
    "an index without a map": (lambda at: shard(at / "unet", UNET).write_text("{}"), "has no weight_map"),
    "weights that are cut off": (truncate, "is not a complete safetensors file"),
    "a header of a terabyte": (lie_about_the_header, f"unet/{UNET}.safetensors is not a complete safetensors file"),
    "no text encoder in the index": (
        lambda at: edit_index(at, text_encoder=[None, None]),
        "model_index.json has no text_encoder, which a StableDiffusionPipeline needs",
    ),
    "no tokenizer and no network in the index": (
        lambda at: edit_index(at, tokenizer=None, unet=None),
        "model_index.json has no tokenizer, unet, which a StableDiffusionPipeline needs",
    ),
    "quantized weights": (
        lambda at: save_weights(at / "unet" / dotted(UNET, None), dtype=torch.int8),
        "weights of the type I8",
    ),
    "settings of quantization": (
        lambda at: write(at / "unet/config.json", '{"quantization_config": {"quant_method": "bitsandbytes"}}'),
        "unet/config.json has a quantization_config",
    ),
    "a huge file of settings": (grow, "unet/config.json has 33554433 bytes"),
    "a file that its manifest lists and the folder lacks": (lose, "tokenizer/special_tokens_map.json is missing"),
    "a link": (link, "unet/config.json is a link"),
    "a link to a folder": (link_folder, "unet is a link"),
    "a name with a backslash": (lambda at: write(at / "unet\\x.json", "{}"), "outside the folder"),
    "a file that its manifest does not describe": (damage, "unet/config.json is damaged or was changed"),
    "a non-commercial licence": (
        lambda at: write_card(at, "license: cc-by-nc-4.0"),
        "NonCommercial",
    ),
    "no licence": (lambda at: (at / "README.md").unlink(), "has no licence"),
    "front matter that is no YAML": (lambda at: write_card(at, "a: ["), "front matter"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_bad_input_is_refused_before_anything_is_uploaded(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    change, reason = REFUSALS[case]
    folder = a_folder(tmp_path / "model")
    change(folder)

    assert reason in refuse_folder(capsys, folder, "--safety-checker")
    assert models_bucket.uploaded == []


@pytest.mark.parametrize("suffix", ["bin", "ckpt", "pickle", "pkl", "pt", "pth"])
def test_a_pickle_without_a_safetensors_file_in_its_place_is_refused(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    folder = a_folder(tmp_path / "model")
    (folder / "unet" / dotted(UNET, None)).unlink()
    (folder / f"unet/{UNET}.{suffix}").write_bytes(pickle.dumps({}))

    assert f"unet/{UNET}.{suffix} is a pickle" in refuse_folder(capsys, folder)
    assert models_bucket.uploaded == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sdxl-lightning/first", "sdxl-lightning in the catalogue is another model: the model is a StableDiffusionP"),
        ("realesrgan-x4plus", "realesrgan-x4plus in the catalogue is a network to enlarge"),
    ],
)
def test_a_model_under_the_name_of_another_kind_is_refused(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    assert reason in refuse_folder(capsys, a_folder(tmp_path / "model"), name=name)
    assert models_bucket.uploaded == []
