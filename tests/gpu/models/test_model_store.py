import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from craftspark.aws import clients
from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import find_model
from gpu_tasks.inference import file_hashes, manifests, model_store
from gpu_tasks.inference.file_hashes import FileHashes, hash_file
from gpu_tasks.inference.manifests import (
    MANIFEST,
    build_manifest,
    check,
    hash_model,
    list_files,
    publish,
    read_manifest,
    write_manifest,
)
from gpu_tasks.inference.model_store import BUILT_IN, load_pipeline, locate
from tests.fakes import WORKER_SETTINGS
from tests.gpu.folder_bucket import FolderBucket

FOLDER = BUILT_IN / "craftspark-clipart-128"


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderBucket:
    """A bucket that has the built-in model under the name `mirrored`, in place of the one on S3."""
    bucket = FolderBucket(tmp_path / "bucket")
    shutil.copytree(FOLDER, bucket.root / "mirrored")
    monkeypatch.setattr(model_store, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(model_store, "ModelBucket", lambda **_: bucket)
    monkeypatch.setattr(clients, "s3_downloads", lambda: None)
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
    (locate("s3:mirrored", WORKER_SETTINGS) / "unet/config.json").write_text("{}")
    bucket.downloaded.clear()

    load_pipeline(MIRRORED, WORKER_SETTINGS)

    assert bucket.downloaded == [MANIFEST, "unet/config.json"]


def test_a_model_that_is_not_in_the_store_is_named(bucket: FolderBucket) -> None:
    with pytest.raises(ModelUnavailable, match="knitting"):
        load_pipeline(replace(MIRRORED, source="s3:knitting"), WORKER_SETTINGS)


def test_a_manifest_cannot_reach_outside_its_folder(bucket: FolderBucket) -> None:
    (bucket.root / "mirrored" / MANIFEST).write_text('{"../../etc/passwd": "0"}')

    with pytest.raises(ModelUnavailable, match="outside"):
        load_pipeline(MIRRORED, WORKER_SETTINGS)


def test_a_built_in_model_is_hashed_once_on_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []

    def count(path: Path) -> str:
        hashed.append(path)
        return hash_file(path)

    monkeypatch.setattr(file_hashes, "hash_file", count)
    for _ in range(2):  # two processes
        hashes = FileHashes()
        monkeypatch.setattr(manifests, "HASHES", hashes)
        monkeypatch.setattr(model_store, "HASHES", hashes)
        load_pipeline(find_model("craftspark-clipart-128"), replace(WORKER_SETTINGS, models_cache=str(tmp_path)))

    assert len(hashed) == len(build_manifest(FOLDER))


def test_a_worker_whose_cache_cannot_be_written_still_loads_a_built_in_model(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    load_pipeline(find_model("craftspark-clipart-128"), replace(WORKER_SETTINGS, models_cache=str(tmp_path / "file")))


def test_a_model_is_identified_without_its_card(tmp_path: Path) -> None:
    for name in ("README.md", "LICENSE", "before-after.png", "config.json", "unet/config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    write_manifest(tmp_path)
    first = hash_model(tmp_path)

    for name in ("README.md", "LICENSE", "before-after.png"):
        (tmp_path / name).write_text("another")
        write_manifest(tmp_path)
        assert hash_model(tmp_path) == first
    for name in ("config.json", "unet/config.json"):
        before = hash_model(tmp_path)
        (tmp_path / name).write_text("another")
        write_manifest(tmp_path)
        assert hash_model(tmp_path) != before


def test_a_source_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="carrier-pigeon"):
        load_pipeline(replace(MIRRORED, source="carrier-pigeon:x"), WORKER_SETTINGS)


def test_a_worker_that_was_promised_a_gpu_never_falls_back_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(ModelUnavailable, match="CUDA"):
        load_pipeline(find_model("craftspark-clipart-128"), replace(WORKER_SETTINGS, device="cuda"))


def test_a_model_without_a_manifest_is_not_published(tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"weights")
    uploaded: list[str] = []

    with pytest.raises(FileNotFoundError, match=MANIFEST):
        publish(list_files(tmp_path), lambda name, _path: uploaded.append(name))

    assert uploaded == []


def test_compiled_kernels_are_kept_with_the_models_of_the_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches: list[Path] = []
    monkeypatch.setattr(model_store, "accelerate", lambda *arguments: caches.append(arguments[-1]))

    load_pipeline(find_model("craftspark-clipart-128"), replace(WORKER_SETTINGS, models_cache=str(tmp_path)))

    assert caches == [tmp_path / "kernels"]
