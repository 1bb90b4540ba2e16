import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from craftspark.aws import clients
from craftspark.catalogue import find_model
from craftspark.errors import ModelUnavailable
from gpu_tasks import model_store
from gpu_tasks.model_store import BUILT_IN, MANIFEST, check, fetch, load_pipeline, manifest_of, read_manifest
from gpu_tasks.push_model import NameTaken, NoModel, push
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
    assert read_manifest(FOLDER) == manifest_of(FOLDER)


def test_a_model_from_the_store_loads_and_is_fetched_once(bucket: FolderBucket) -> None:
    pipeline = load_pipeline(MIRRORED, WORKER_SETTINGS)
    first = len(bucket.downloaded)
    load_pipeline(MIRRORED, WORKER_SETTINGS)

    assert type(pipeline).__name__ == "StableDiffusionPipeline"
    assert first == len(manifest_of(FOLDER)) + 1
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
    before = manifest_of(bucket.root / "mirrored")

    with pytest.raises(NameTaken, match="--replace"):
        push("mirrored", other, bucket)  # type: ignore[arg-type]
    assert manifest_of(bucket.root / "mirrored") == before

    push("mirrored", other, bucket, replace=True)  # type: ignore[arg-type]
    assert manifest_of(bucket.root / "mirrored") == manifest_of(other)
