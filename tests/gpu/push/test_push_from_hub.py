import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from botocore.exceptions import ClientError

from gpu_tasks.inference.manifests import build_manifest, check
from gpu_tasks.push import __main__ as push_model
from tests.gpu.fake_hub import COMMIT, REPOSITORY, FakeHub
from tests.gpu.folder_bucket import FolderBucket
from tests.gpu.model_layouts import a_folder, save_weights, shard, write

UNET = "diffusion_pytorch_model"


def push(fake: FakeHub, *options: str, repository: str = REPOSITORY, revision: str = COMMIT, name: str = "new") -> None:
    with fake.answering():
        push_model.main([name, "--bucket", "models", "--hub", repository, "--revision", revision, *options])


def refuse(capsys: pytest.CaptureFixture[str], fake: FakeHub, *options: str, repository: str = REPOSITORY) -> str:
    with pytest.raises(SystemExit):
        push(fake, *options, repository=repository)
    return capsys.readouterr().err


def weights(names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".safetensors")]


def test_a_model_of_a_hub_arrives_at_the_commit_that_the_revision_names(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path / "hub", variants=(None, "fp16"))
    shard(folder / "text_encoder", "model", variant="fp16")
    plain = a_folder(tmp_path / "plain", variants=("fp16",))
    fake = FakeHub(folder)

    push(fake, revision="main")

    shards = {f"text_encoder/model{number}.safetensors" for number in ("-00001-of-00002", "-00002-of-00002")}
    names = {name.replace(".fp16", "") for name in build_manifest(plain)} - {"text_encoder/model.safetensors"}
    assert set(build_manifest(models_bucket.root / "new")) == names | shards | {
        "text_encoder/model.safetensors.index.json"
    }
    check(models_bucket.root / "new")
    assert f"commit: {COMMIT}" in capsys.readouterr().out
    assert [name for name in weights(fake.read) if "fp16" not in name] == []
    assert len(weights(fake.read)) == 4


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("README.md", "---\nlicense: cc-by-nc-4.0\n---\n", "NonCommercial"),
        ("README.md", "# No front matter\n", "has no licence"),
        ("model_index.json", '{"_class_name": "WanPipeline"}', "workers do not load WanPipeline"),
        ("unet/config.json", '{"auto_map": {"AutoModel": "mine.Model"}}', "unet/config.json has auto_map"),
        ("vae/diffusion_pytorch_model.safetensors", "no weights", "is not a complete safetensors file"),
    ],
)
def test_a_model_is_refused_before_its_weights_are_downloaded(
    models_bucket: FolderBucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    content: str,
    reason: str,
) -> None:
    folder = a_folder(tmp_path / "hub")
    write(folder / file, content)
    fake = FakeHub(folder)

    assert reason in refuse(capsys, fake)
    assert weights(fake.read) == []
    assert models_bucket.uploaded == []


def test_a_pickle_of_a_hub_is_never_downloaded(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path / "hub")
    (folder / f"unet/{UNET}.safetensors").rename(folder / f"unet/{UNET}.bin")
    fake = FakeHub(folder)

    assert f"unet/{UNET}.bin is a pickle" in refuse(capsys, fake)
    assert [name for name in fake.read if name.endswith(".bin")] == []


@pytest.mark.parametrize("name", ["../../home/unet.json", "/etc/x.json", "unet/../../x.json", "a\\b.json", "a//b.json"])
def test_a_hub_s_file_name_that_leads_outside_is_refused_before_any_download(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    fake = FakeHub(a_folder(tmp_path / "hub"))
    fake.names["unet/config.json"] = name

    assert "outside the folder" in refuse(capsys, fake)
    assert fake.read == []


def test_a_file_that_differs_from_its_listing_is_refused(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeHub(a_folder(tmp_path / "hub"))
    fake.altered.add(f"unet/{UNET}.safetensors")

    assert f"unet/{UNET}.safetensors is damaged or was changed" in refuse(capsys, fake)
    assert models_bucket.uploaded == []


def test_another_model_of_this_name_is_refused_before_the_download(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path / "hub")
    push(FakeHub(folder))
    save_weights(folder / f"unet/{UNET}.safetensors", "another")
    other = FakeHub(folder)

    assert "--replace" in refuse(capsys, other)
    assert weights(other.read) == []

    push(other, "--replace")
    assert build_manifest(models_bucket.root / "new") == build_manifest(folder)


def test_a_model_that_does_not_fit_on_the_disk_is_refused_before_its_download(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=4096))
    fake = FakeHub(a_folder(tmp_path / "hub"))

    assert "set TMPDIR" in refuse(capsys, fake)
    assert weights(fake.read) == []


@pytest.mark.parametrize("repository", ["nobody/knows", "no/such/name"])
def test_a_repository_that_the_hub_does_not_have_is_named(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], repository: str
) -> None:
    said = refuse(capsys, FakeHub(a_folder(tmp_path / "hub")), repository=repository)

    assert f"the hub does not give {repository}" in said


def test_a_bucket_that_cannot_be_read_is_named_before_weights_are_downloaded(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(prefix: str, name: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Forbidden"}}, "GetObject")

    monkeypatch.setattr(models_bucket, "read", deny)
    fake = FakeHub(a_folder(tmp_path / "hub"))

    assert "(AccessDenied) when calling the GetObject operation" in refuse(capsys, fake, "--replace")
    assert weights(fake.read) == []


def test_a_check_downloads_no_weights_and_uploads_nothing(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeHub(a_folder(tmp_path / "hub"))

    push(fake, "--check")

    assert "weights: unet: F32" in capsys.readouterr().out
    assert weights(fake.read) == models_bucket.uploaded == models_bucket.downloaded == []


def test_a_hub_s_model_needs_a_revision(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        push_model.main(["new", "--bucket", "models", "--hub", REPOSITORY])

    assert "--hub requires --revision" in capsys.readouterr().err
