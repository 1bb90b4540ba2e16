import json
import pickle
import re
import shutil
from pathlib import Path

import pytest

from gpu_tasks.inference.families import list_pipelines
from gpu_tasks.inference.manifests import MANIFEST, build_manifest, check
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler_networks import UpscalerConfig, UpscalerNetwork
from gpu_tasks.push import __main__ as push_model
from tests.gpu.folder_bucket import FolderBucket
from tests.gpu.graphs import a_graph, a_matting_folder
from tests.gpu.model_layouts import CARD, TRANSFORMER, a_folder, dotted, save_weights, shard, write
from tests.gpu.pushing import list_files, push_folder, refuse_folder

UNET = "diffusion_pytorch_model"
WEIGHTS = {f"unet/{UNET}.safetensors", f"vae/{UNET}.safetensors", "text_encoder/model.safetensors"}
ADAPTER = BUILT_IN / "craftspark-clipart-128-styles/bold-flat"


def test_a_model_arrives_whole_and_the_manifest_last(models_bucket: FolderBucket, tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "model")

    push_folder(folder)

    assert build_manifest(models_bucket.root / "new") == build_manifest(folder)
    check(models_bucket.root / "new")
    assert models_bucket.uploaded[-1] == MANIFEST
    assert not (folder / MANIFEST).exists()


def test_only_the_files_that_workers_read_are_copied(models_bucket: FolderBucket, tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "model")
    before = list_files(folder)
    kept = {
        "LICENSE.md",
        "NOTICE",
        "tokenizer/tokenizer.json",
        "tokenizer/spiece.model",
        "tokenizer/chat_template.jinja",
    }
    kept |= {"tokenizer/additional_chat_templates/tools.jinja"}
    for name in kept | {
        "model.safetensors",
        "v1-5.ckpt",
        "examples.png",
        "unet/train.py",
        ".git/config",
        "extra/x.json",
    }:
        write(folder / name, "MIT" if "/" in name else "CreativeML Open RAIL-M")

    push_folder(folder)

    assert list_files(models_bucket.root / "new") == before | kept


@pytest.mark.parametrize(
    ("variants", "options", "chosen"),
    [
        (("fp16",), (), "fp16"),
        ((None, "fp16"), (), "fp16"),
        ((None, "bf16"), (), "bf16"),
        (("bf16", "fp16"), (), "fp16"),
        ((None, "fp16", "non_ema"), (), "fp16"),
        ((None, "non_ema"), (), None),
        ((None, "fp16", "bf16"), ("--variant", "bf16"), "bf16"),
        ((None, "non_ema"), ("--variant", "non_ema"), "non_ema"),
    ],
)
def test_one_copy_of_the_weights_is_chosen(
    models_bucket: FolderBucket,
    tmp_path: Path,
    variants: tuple[str | None, ...],
    options: tuple[str, ...],
    chosen: str | None,
) -> None:
    folder = a_folder(tmp_path / "model", variants=variants)

    push_folder(folder, *options)

    plain = a_folder(tmp_path / "plain", variants=())
    pushed = models_bucket.root / "new"
    assert list_files(pushed) == list_files(plain) | WEIGHTS
    assert (pushed / f"unet/{UNET}.safetensors").read_bytes() == (folder / "unet" / dotted(UNET, chosen)).read_bytes()


def test_of_copies_of_the_same_size_a_transformer_gets_the_bfloat16_one(
    models_bucket: FolderBucket, tmp_path: Path
) -> None:
    folder = a_folder(tmp_path / "model", variants=("fp16", "bf16"), index=TRANSFORMER)
    shutil.move(folder / "unet", folder / "transformer")

    push_folder(folder)

    arrived = models_bucket.root / f"new/transformer/{UNET}.safetensors"
    assert arrived.read_bytes() == (folder / f"transformer/{UNET}.bf16.safetensors").read_bytes()


def test_a_component_without_the_variant_has_its_plain_weights(models_bucket: FolderBucket, tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "model")
    save_weights(folder / "unet" / dotted(UNET, "fp16"), variant="fp16")

    push_folder(folder, "--variant", "fp16")

    check(models_bucket.root / "new")
    assert (models_bucket.root / f"new/unet/{UNET}.safetensors").read_bytes() == (
        folder / f"unet/{UNET}.fp16.safetensors"
    ).read_bytes()


@pytest.mark.parametrize("variant", [None, "fp16"])
@pytest.mark.parametrize("old", [False, True])
def test_shards_and_their_index_have_plain_names(
    models_bucket: FolderBucket, tmp_path: Path, variant: str | None, old: bool
) -> None:
    folder = a_folder(tmp_path / "model", variants=(variant,))
    shard(folder / "unet", UNET, variant=variant, old=old)

    push_folder(folder)

    unet = models_bucket.root / "new/unet"
    names = {f"{UNET}-0000{number}-of-00002.safetensors" for number in (1, 2)}
    index = json.loads((unet / f"{UNET}.safetensors.index.json").read_text())
    assert list_files(unet) == names | {"config.json", f"{UNET}.safetensors.index.json"}
    assert set(index["weight_map"].values()) == names
    assert index["metadata"] == {"total_size": 32}
    assert models_bucket.uploaded[-1] == MANIFEST
    check(models_bucket.root / "new")


def test_a_whole_file_is_chosen_over_shards_of_the_same_weights(models_bucket: FolderBucket, tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "model")
    shard(folder / "unet", UNET)
    save_weights(folder / "unet" / dotted(UNET, None))

    push_folder(folder)

    assert list_files(models_bucket.root / "new/unet") == {"config.json", f"{UNET}.safetensors"}


SAFETY = {
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "requires_safety_checker": True,
}


def a_folder_with_a_safety_checker(at: Path) -> Path:
    folder = a_folder(at, index=SAFETY)
    write(folder / "safety_checker/config.json", "{}")
    save_weights(folder / "safety_checker/model.safetensors")
    write(folder / "feature_extractor/preprocessor_config.json", "{}")
    return folder


def test_the_safety_checker_is_left_out_and_the_index_says_so(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    push_folder(a_folder_with_a_safety_checker(tmp_path / "model"))

    index = json.loads((models_bucket.root / "new/model_index.json").read_text())
    assert index["safety_checker"] == index["feature_extractor"] == [None, None]
    assert index["requires_safety_checker"] is False
    assert not {"safety_checker", "feature_extractor"} & {path.name for path in (models_bucket.root / "new").iterdir()}
    assert "left out: safety_checker/: the worker checks every image" in capsys.readouterr().out


def test_the_safety_checker_is_copied_on_request(models_bucket: FolderBucket, tmp_path: Path) -> None:
    folder = a_folder_with_a_safety_checker(tmp_path / "model")

    push_folder(folder, "--safety-checker")

    assert build_manifest(models_bucket.root / "new") == build_manifest(folder)


@pytest.mark.parametrize(
    ("variants", "options", "reason"),
    [
        ((None, "fp16"), ("--variant", "bf16"), "no component has the variant bf16; the model has fp16"),
        (("non_ema",), (), "text_encoder has weights only in the variants non_ema; choose one with --variant"),
    ],
)
def test_a_variant_that_is_not_there_is_refused(
    models_bucket: FolderBucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    variants: tuple[str | None, ...],
    options: tuple[str, ...],
    reason: str,
) -> None:
    assert reason in refuse_folder(capsys, a_folder(tmp_path / "model", variants=variants), *options)


def test_a_pickle_beside_a_safetensors_file_is_left_out(models_bucket: FolderBucket, tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "model")
    (folder / f"unet/{UNET}.bin").write_bytes(pickle.dumps({}))
    write(folder / f"unet/{UNET}.bin.index.json", "{}")

    push_folder(folder)

    assert list_files(models_bucket.root / "new/unet") == {"config.json", f"{UNET}.safetensors"}


@pytest.mark.parametrize("name", ["../new", "/new", "a//b", "", "a/../b", "a b"])
def test_a_name_that_leads_outside_its_prefix_is_refused(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert "is not a valid name" in refuse_folder(capsys, a_folder(tmp_path / "model"), name=name)
    assert models_bucket.uploaded == models_bucket.downloaded == []


def test_another_model_is_replaced_only_on_request(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, other = a_folder(tmp_path / "model"), a_folder(tmp_path / "other")
    write(other / "README.md", f"{CARD}Another one.")
    push_folder(folder)
    push_folder(folder)
    before = build_manifest(models_bucket.root / "new")

    assert "--replace" in refuse_folder(capsys, other)
    assert build_manifest(models_bucket.root / "new") == before

    push_folder(other, "--replace")
    assert build_manifest(models_bucket.root / "new") == build_manifest(other)


def test_a_model_with_one_file_less_is_another_model(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path / "model")
    push_folder(folder)
    (folder / "tokenizer/special_tokens_map.json").unlink()

    assert "--replace" in refuse_folder(capsys, folder)


def test_a_non_commercial_licence_is_accepted_with_another_one(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path / "model")
    write(folder / "README.md", "---\nlicense: other\nlicense_name: flux-1-dev-non-commercial-license\n---\n")

    push_folder(folder, "--licensed")

    assert "commercial use: no; you confirmed that you have another licence" in capsys.readouterr().out


def test_an_adapter_is_taken_and_its_folder_stays_as_it_is(models_bucket: FolderBucket, tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    shutil.copytree(ADAPTER, folder)
    (folder / MANIFEST).unlink()
    before = build_manifest(folder)
    (folder / "old_weights.bin").write_bytes(pickle.dumps({}))
    write(folder / "train.py", "")

    push_folder(folder)

    assert build_manifest(models_bucket.root / "new") == before
    assert not (folder / MANIFEST).exists()


def an_upscaler(at: Path) -> Path:
    """A small upscaler with random weights."""
    write(at / "README.md", "---\nlicense: bsd-3-clause\n---\n")
    UpscalerNetwork(UpscalerConfig(features=4, convolutions=1)).save_pretrained(at)
    return at


def test_an_upscaler_is_copied(models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = an_upscaler(tmp_path / "upscaler")
    before = build_manifest(folder)
    (folder / "RealESRGAN_x4plus.pth").write_bytes(pickle.dumps({}))

    push_folder(folder)

    assert build_manifest(models_bucket.root / "new") == before
    said = capsys.readouterr().out
    assert "licence: BSD 3-Clause License" in said
    assert "weights: network: F32 0.0 M" in said
    for line in (
        "Network(",
        "    source='s3:new',",
        "    does='enlarge',",
        "    licence='bsd-3-clause',",
        "    reach=...,",
    ):
        assert line in said
    assert "Model(" not in said


def test_a_matting_network_is_copied(models_bucket: FolderBucket, tmp_path: Path) -> None:
    folder = a_matting_folder(tmp_path / "matting", a_graph())
    (folder / MANIFEST).unlink()
    write(folder / "README.md", "---\nlicense: mit\n---\n")
    before = build_manifest(folder)
    (folder / "BiRefNet.pth").write_bytes(pickle.dumps({}))

    push_folder(folder)

    assert build_manifest(models_bucket.root / "new") == before


@pytest.mark.parametrize("name", ["README.md", "adapter.json", "unet/config.json"])
def test_a_folder_that_is_neither_a_model_nor_an_adapter_is_refused(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    write(tmp_path / "folder" / name, "{}")
    write(tmp_path / "folder/pytorch_lora_weights.bin", "")

    said = refuse_folder(capsys, tmp_path / "folder")

    assert "model_index.json is missing; not an upscaler: config.json or model.safetensors is missing; " in said
    assert "pytorch_lora_weights.safetensors missing; pytorch_lora_weights.bin is a pickle" in said


def test_a_folder_that_does_not_exist_is_refused(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is not a folder" in refuse_folder(capsys, tmp_path / "nowhere")


def test_a_bucket_is_required_unless_the_model_is_only_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        push_model.main(["new", "--folder", str(a_folder(tmp_path / "model"))])

    assert "--bucket is required" in capsys.readouterr().err


def test_the_page_lists_the_pipelines_that_are_accepted() -> None:
    page = (Path(__file__).parents[3] / "docs/models.md").read_text()

    assert set(re.findall(r"`(\w+Pipeline)`", page)) == set(list_pipelines())
