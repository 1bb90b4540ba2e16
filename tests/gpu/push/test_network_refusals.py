"""Adapters, upscalers and matting networks that a push rejects, and the reasons."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gpu_tasks.inference.adapters import hash_denoiser
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler_networks import UpscalerConfig, UpscalerNetwork, _without_torchvision
from tests.gpu.folder_bucket import FolderBucket
from tests.gpu.graphs import a_graph, a_matting_folder
from tests.gpu.model_layouts import a_folder, save_weights, write
from tests.gpu.pushing import push_folder, refuse_folder

with _without_torchvision():
    from spandrel.architectures.SPAN import SPAN

ADAPTER = BUILT_IN / "craftspark-clipart-128-styles/bold-flat"


def an_adapter(folder: Path) -> Path:
    shutil.copytree(ADAPTER, folder)
    (folder / "manifest.json").unlink()
    return folder


def an_upscaler(folder: Path) -> Path:
    write(folder / "README.md", "---\nlicense: bsd-3-clause\n---\n")
    write(folder / "config.json", '{"architecture": "RRDBNet", "factor": 4}')
    save_weights(folder / "model.safetensors")
    return folder


def a_matting_network(folder: Path, fill: float | None = None) -> Path:
    a_matting_folder(folder, a_graph(fill=fill))
    write(folder / "README.md", "---\nlicense: mit\n---\n")
    (folder / "manifest.json").unlink()
    return folder


FOLDERS = {"adapter": an_adapter, "upscaler": an_upscaler, "matting network": a_matting_network}


@pytest.mark.parametrize(
    ("kind", "name", "content", "reason"),
    [
        ("adapter", "README.md", "---\nlicense: cc-by-nc-4.0\n---\n", "NonCommercial"),
        ("adapter", "README.md", "# A style", "the model has no licence"),
        ("adapter", "adapter.json", "[]", "adapter.json is not a JSON object"),
        (
            "adapter",
            "adapter.json",
            '{"name": "a"}',
            "not an adapter: adapter.json is not valid in base, denoiser_sha256, rank",
        ),
        ("adapter", "pytorch_lora_weights.safetensors", "no weights", "is not a complete safetensors file"),
        (
            "upscaler",
            "config.json",
            '{"architecture": "HAT", "factor": 4}',
            "not an upscaler: config.json is not valid in archi",
        ),
        ("upscaler", "config.json", '{"architecture": "RRDBNet", "factor": 3}', "config.json is not valid in factor"),
        (
            "upscaler",
            "config.json",
            '{"architecture": "RRDBNet", "factor": 4, "auto_map": {}}',
            "not valid in auto_map",
        ),
        ("upscaler", "model.safetensors", "no weights", "model.safetensors is not a complete safetensors file"),
        ("upscaler", "README.md", "# No licence", "has no licence"),
        (
            "matting network",
            "config.json",
            '{"side": 100, "output": "logits"}',
            "not a matting network: config.json is not valid in side",
        ),
        (
            "matting network",
            "config.json",
            '{"side": 1024, "output": "logits", "auto_map": {}}',
            "not valid in auto_map",
        ),
        ("matting network", "README.md", "# No licence", "has no licence"),
    ],
)
def test_a_network_with_a_bad_file_is_refused(
    models_bucket: FolderBucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    name: str,
    content: str,
    reason: str,
) -> None:
    folder = FOLDERS[kind](tmp_path / "network")
    write(folder / name, content)

    assert reason in refuse_folder(capsys, folder)
    assert models_bucket.uploaded == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"denoiser_sha256": "f" * 64},
            "trained for a different craftspark-clipart-128: its unet is ffffffffffff, that",
        ),
        ({"base": "picasso"}, "adapter.json is for the model picasso, and the catalogue has craftspark-clipart-128"),
        (
            {"base": "z-image-turbo"},
            "an adapter of z-image-turbo changes only its transformer",
        ),
    ],
)
def test_an_adapter_for_another_model_is_refused(
    models_bucket: FolderBucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    reason: str,
) -> None:
    folder = an_adapter(tmp_path / "adapter")
    facts = json.loads((folder / "adapter.json").read_text())
    write(folder / "adapter.json", json.dumps(facts | changes))

    assert reason in refuse_folder(capsys, folder)
    assert models_bucket.uploaded == []


def test_an_adapter_for_another_revision_of_a_pushed_model_is_refused(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, adapter = "stable-diffusion-v1-5", an_adapter(tmp_path / "adapter")
    push_folder(a_folder(tmp_path / "model"), name=base)
    models_bucket.uploaded.clear()
    facts = json.loads((adapter / "adapter.json").read_text())
    write(adapter / "adapter.json", json.dumps(facts | {"base": base}))

    assert "that of s3:stable-diffusion-v1-5" in refuse_folder(capsys, adapter)
    assert models_bucket.uploaded == []

    write(
        adapter / "adapter.json",
        json.dumps(facts | {"base": base, "denoiser_sha256": hash_denoiser(models_bucket.root / base)}),
    )
    push_folder(adapter)


@pytest.mark.parametrize(("scale", "factor"), [(1, 2), (3, 2), (3, 4), (8, 4), (2, 4)])
def test_an_upscaler_of_another_factor_is_refused_before_anything_is_uploaded(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], scale: int, factor: int
) -> None:
    folder = tmp_path / "upscaler"
    write(folder / "README.md", "---\nlicense: bsd-3-clause\n---\n")
    write(folder / "config.json", json.dumps({"architecture": "SPAN", "factor": factor}))
    save_file(
        SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=scale).state_dict(), folder / "model.safetensors"
    )

    assert "not an upscaler" in refuse_folder(capsys, folder)
    assert models_bucket.uploaded == []


def test_networks_that_make_invalid_numbers_are_refused_before_anything_is_uploaded(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = UpscalerNetwork(UpscalerConfig(features=4, convolutions=1))
    network.load_state_dict({name: torch.full_like(value, torch.nan) for name, value in network.state_dict().items()})
    write(tmp_path / "upscaler/README.md", "---\nlicense: mit\n---\n")
    network.save_pretrained(tmp_path / "upscaler")
    matting = a_matting_network(tmp_path / "matting", fill=float("nan"))

    for folder in (tmp_path / "upscaler", matting):
        assert "made invalid numbers of its first picture" in refuse_folder(capsys, folder)
    assert models_bucket.uploaded == []
