import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from craftspark.aws import clients
from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import find_model
from gpu_tasks.inference import model_store
from gpu_tasks.inference.hub import HubModel, LicenceRefused
from gpu_tasks.inference.model_folder import INDEX, NoModel
from gpu_tasks.inference.model_store import (
    BUILT_IN,
    MANIFEST,
    build_manifest,
    check,
    fetch,
    load_pipeline,
    read_manifest,
)
from gpu_tasks.inference.push_model import NameTaken, push, push_copy, push_from_hub
from tests.fakes import WORKER_SETTINGS

FOLDER = BUILT_IN / "craftspark-clipart-128"


class FolderBucket:
    """A bucket that is a folder; counts what is downloaded."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.downloaded: list[str] = []

    def upload(self, prefix: str, name: str, path: Path) -> None:
        (self.root / prefix / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, self.root / prefix / name)

    def download(self, prefix: str, name: str, path: Path) -> None:
        self.downloaded.append(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.root / prefix / name, path)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderBucket:
    """A bucket that has the built-in model under the name `mirrored`, in place of the one on S3."""
    bucket = FolderBucket(tmp_path / "bucket")
    copy = tmp_path / "copy"
    shutil.copytree(FOLDER, copy)
    push("mirrored", copy, bucket)  # type: ignore[arg-type]
    bucket.downloaded.clear()
    monkeypatch.setattr(model_store, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(model_store, "ModelBucket", lambda **_: bucket)
    monkeypatch.setattr(clients, "s3", lambda: None)
    return bucket


MIRRORED = replace(find_model("craftspark-clipart-128"), source="s3:mirrored")


def test_the_built_in_model_is_what_its_manifest_says() -> None:
    check(FOLDER)
    assert read_manifest(FOLDER) == build_manifest(FOLDER)


def test_a_model_from_the_store_loads_and_is_fetched_once(bucket: FolderBucket) -> None:
    pipeline = load_pipeline(MIRRORED, WORKER_SETTINGS)
    first = len(bucket.downloaded)
    load_pipeline(MIRRORED, WORKER_SETTINGS)

    assert type(pipeline).__name__ == "StableDiffusionPipeline"
    assert first == len(build_manifest(FOLDER)) + 1
    assert bucket.downloaded[first:] == [MANIFEST]


def test_a_file_that_was_changed_in_the_store_is_refused(bucket: FolderBucket) -> None:
    (bucket.root / "mirrored/unet/config.json").write_text("{}")

    with pytest.raises(ModelUnavailable, match=r"unet/config\.json"):
        load_pipeline(MIRRORED, WORKER_SETTINGS)


def test_a_file_that_broke_on_the_way_is_fetched_again(bucket: FolderBucket) -> None:
    load_pipeline(MIRRORED, WORKER_SETTINGS)
    (model_store.CACHE / "mirrored/unet/config.json").write_text("{}")
    bucket.downloaded.clear()

    load_pipeline(MIRRORED, WORKER_SETTINGS)

    assert bucket.downloaded == [MANIFEST, "unet/config.json"]


def test_a_model_that_is_not_in_the_store_is_named(bucket: FolderBucket) -> None:
    with pytest.raises(ModelUnavailable, match="knitting"):
        load_pipeline(replace(MIRRORED, source="s3:knitting"), WORKER_SETTINGS)


def test_a_manifest_cannot_reach_outside_its_folder(tmp_path: Path) -> None:
    def download(name: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"../../etc/passwd": "0"}')

    with pytest.raises(ModelUnavailable, match="outside"):
        fetch(tmp_path / "model", download)


def test_a_source_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="carrier-pigeon"):
        load_pipeline(replace(MIRRORED, source="carrier-pigeon:x"), WORKER_SETTINGS)


def test_a_worker_that_was_promised_a_gpu_never_falls_back_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(ModelUnavailable, match="CUDA"):
        load_pipeline(find_model("craftspark-clipart-128"), replace(WORKER_SETTINGS, device="cuda"))


@pytest.mark.parametrize("missing", ["model_index.json", "unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_folder_that_lacks_a_part_of_a_model_is_refused_before_anything_is_uploaded(
    bucket: FolderBucket, tmp_path: Path, missing: str
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(FOLDER, broken)
    (shutil.rmtree if (broken / missing).is_dir() else Path.unlink)(broken / missing)

    with pytest.raises(NoModel, match=missing):
        push("broken", broken, bucket)  # type: ignore[arg-type]

    assert not (bucket.root / "broken").exists()


def test_another_model_is_overwritten_only_on_request(bucket: FolderBucket, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(FOLDER, other)
    (other / "README.md").write_text("another")
    before = build_manifest(bucket.root / "mirrored")

    with pytest.raises(NameTaken, match="--replace"):
        push("mirrored", other, bucket)  # type: ignore[arg-type]
    assert build_manifest(bucket.root / "mirrored") == before

    push("mirrored", other, bucket, replace=True)  # type: ignore[arg-type]
    assert build_manifest(bucket.root / "mirrored") == build_manifest(other)


def test_an_adapter_is_taken_and_its_folder_stays_as_it_is(bucket: FolderBucket, tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    shutil.copytree(BUILT_IN / "craftspark-clipart-128-styles/bold-flat", folder)
    (folder / MANIFEST).unlink()
    before = build_manifest(folder)

    push_copy("bold", folder, bucket)  # type: ignore[arg-type]

    assert build_manifest(bucket.root / "bold") == before
    assert not (folder / MANIFEST).exists()


@pytest.mark.parametrize("name", ["README.md", "adapter.json", "unet/config.json"])
def test_a_folder_that_is_neither_a_model_nor_an_adapter_is_refused(
    bucket: FolderBucket, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder" / name).parent.mkdir(parents=True)
    (tmp_path / "folder" / name).write_text("{}")

    with pytest.raises(NoModel, match=r"model_index.json is missing; not an adapter: .*pytorch_lora_weights"):
        push_copy("mirrored", tmp_path / "folder", bucket, replace=True)  # type: ignore[arg-type]


class FakeHub:
    """Tells of the built-in model as if it were a hub's, with whatever is to be different."""

    def __init__(self, **changes: Any) -> None:
        digests = {
            name.replace(".safetensors", ".fp16.safetensors"): sha for name, sha in build_manifest(FOLDER).items()
        }
        files = {name: sha if name.endswith(".safetensors") else None for name, sha in digests.items()}
        index = json.loads((FOLDER / INDEX).read_text())
        without = changes.pop("without", "")
        self.model = HubModel(
            files={name: sha for name, sha in (files | changes.pop("files", {})).items() if name != without},
            licences=changes.pop("licences", ("creativeml-openrail-m",)),
            index=index | changes.pop("index", {}),
        )
        self.downloads = 0

    def describe(self, repository: str, revision: str) -> HubModel:
        return self.model

    def download(self, repository: str, revision: str, folder: Path) -> None:
        self.downloads += 1
        shutil.copytree(FOLDER, folder)


def mirror(bucket: FolderBucket, hub: FakeHub, name: str = "new", **options: bool) -> int:
    return push_from_hub(name, "somebody/model", "c0ffee", bucket, source=hub, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"licences": ()}, "has no licence"),
        ({"licences": ("cc-by-nc-4.0",)}, "cc-by-nc-4.0"),
        ({"licences": ("other", "stabilityai-non-commercial")}, "non-commercial"),
        ({"licences": ("other", "sai-nc-community")}, "sai-nc-community"),
        ({"index": {"_class_name": "StableDiffusionXLPipeline"}}, "StableDiffusionXLPipeline"),
        ({"index": {"unet_2": ["diffusers", "UNet2DConditionModel"]}}, "unet_2"),
        ({"without": "unet/diffusion_pytorch_model.fp16.safetensors"}, "unet"),
    ],
)
def test_a_hub_s_model_is_refused_before_it_is_downloaded(
    bucket: FolderBucket, changes: dict[str, Any], refusal: str
) -> None:
    hub = FakeHub(**changes)

    with pytest.raises((NoModel, LicenceRefused), match=refusal):
        mirror(bucket, hub)

    assert hub.downloads == 0
    assert not (bucket.root / "new").exists()


def test_a_hub_s_model_under_another_one_s_name_is_refused_before_it_is_downloaded(bucket: FolderBucket) -> None:
    other = FakeHub(files={"unet/diffusion_pytorch_model.fp16.safetensors": "0" * 64})

    with pytest.raises(NameTaken, match="--replace"):
        mirror(bucket, other, "mirrored")

    assert other.downloads == 0


def test_a_hub_s_model_is_mirrored_and_the_same_again_changes_nothing(bucket: FolderBucket) -> None:
    for _ in range(2):
        mirror(bucket, FakeHub())
    mirror(bucket, FakeHub(licences=()), licensed=True)

    assert build_manifest(bucket.root / "new") == build_manifest(FOLDER)
