"""The report of a push."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from craftspark.models.catalogue import CATALOGUE, find_model
from tests.gpu.folder_bucket import FolderBucket
from tests.gpu.model_layouts import TRANSFORMER, a_folder, write
from tests.gpu.pushing import push_folder


def test_the_report_says_what_a_stage_needs(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path / "model", variants=("fp16",))
    write(folder / "unet/config.json", '{"sample_size": 64}')
    write(folder / "vae/config.json", '{"block_out_channels": [128, 256, 512, 512], "force_upcast": true}')

    push_folder(folder, name="sd/first")

    said = capsys.readouterr().out
    for line in (
        "size: 0.00 GiB in 13 files",
        "licence: CreativeML Open RAIL-M (creativeml-openrail-m), https://",
        "  commercial use: yes",
        "  restrictions: The uses in Attachment A are forbidden",
        "  attribution: Keep the copyright notice",
        "weights: unet: F16 0.0 M (variant fp16)",
        "served in: float16",
        "GPU memory: 4.5 GiB (estimate: 2 bytes a parameter and 4.5 GiB to work with)",
        "pool: instance_types of g4dn (T4, 14.6 GiB), g5",
        "    name='sd',",
        "    source='s3:sd/first',",
        "    licence='creativeml-openrail-m',",
        "    sizes=('512x512',),",
        "    default_steps=...,",
    ):
        assert line in said


def test_a_transformer_needs_a_gpu_with_bfloat16(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path / "model", index=TRANSFORMER)
    shutil.move(folder / "unet", folder / "transformer")

    push_folder(folder, "--check")

    said = capsys.readouterr().out
    assert "served in: bfloat16" in said
    assert "pool: instance_types of g5 (A10G" in said
    assert "pool: not g4dn, whose GPU has no bfloat16" in said
    assert models_bucket.uploaded == models_bucket.downloaded == []


def test_a_model_of_the_catalogue_is_served_in_the_type_of_its_entry(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = find_model("stable-diffusion-v1-5")
    monkeypatch.setitem(CATALOGUE, entry.name, replace(entry, dtype="bfloat16"))

    push_folder(a_folder(tmp_path / "model"), "--check", name=f"{entry.name}/first")

    assert "served in: bfloat16" in capsys.readouterr().out


def test_terms_of_a_text_encoder_are_named(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {"_class_name": "Lumina2Pipeline", "text_encoder": ["transformers", "Gemma2Model"]}
    folder = a_folder(tmp_path / "model", index=TRANSFORMER | changes)
    shutil.move(folder / "unet", folder / "transformer")

    push_folder(folder, "--check")

    assert "licence: Gemma Terms of Use" in capsys.readouterr().out
