import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from craftspark.errors import ModelUnavailable
from craftspark.errors.training import (
    AdapterExists,
    DiskTooSmall,
    LossNotFinite,
    RecipeChanged,
    RecipeUnfit,
    SubjectsMissing,
    TooFewPictures,
)
from gpu_tasks.inference import manifests
from gpu_tasks.inference.adapters import FACTS, WEIGHTS, Adapter, hash_denoiser
from gpu_tasks.inference.encoders.likeness import Likeness, LikenessConfig, PictureNetwork, TextEmbedder
from gpu_tasks.inference.file_hashes import hash_file
from gpu_tasks.training.__main__ import REFUSED, main
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.evaluation.style import StyleScale
from gpu_tasks.training.networks.denoising import DenoisingLoss
from gpu_tasks.training.styles.finetune import BASE, finetune
from tests.gpu.small_data import a_disc
from tests.gpu.training.tiny_finetune import asked_for, quickly
from tests.gpu.training.tiny_run import a_network, learn

COLOURS = {
    "ball": (221, 46, 68),
    "coin": (255, 204, 77),
    "planet": (85, 172, 238),
    "pea": (0, 160, 60),
    "egg": (9, 9, 9),
}


def write_folder(folder: Path, count: int = 5) -> Path:
    """Discs with captions and a licence, as a user prepares the folder."""
    folder.mkdir()
    (folder / "LICENCE").write_text("CC0-1.0\n")
    for name, colour in list(COLOURS.items())[:count]:
        Image.fromarray(a_disc(colour)).save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text(f"{name}\nround thing\n")
    return folder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    quickly(monkeypatch)
    return write_folder(tmp_path / "data")


def silent(_line: str) -> None:
    pass


def test_an_adapter_of_a_run_that_was_killed_and_resumed_is_that_of_one_that_was_not(
    data: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finetune(asked_for(data, whole), say=silent)

    death = subprocess.run(
        [sys.executable, "-m", "tests.gpu.training.tiny_finetune", str(data), str(killed)],
        check=False,
        capture_output=True,
    )
    left = [path.stem for path in Run.open(killed / "run").checkpoints()]
    appeared = (killed / "out").exists()
    finetune(asked_for(data, killed), say=silent)

    assert death.returncode == -signal.SIGKILL
    assert left == ["00000001", "00000002"]
    assert not appeared
    assert manifests.read_manifest(killed / "out") == manifests.read_manifest(whole / "out")
    manifests.check(whole / "out")
    assert {path.name for path in (whole / "out").iterdir()} == {
        WEIGHTS,
        FACTS,
        "README.md",
        "before-after.png",
        "manifest.json",
    }


def test_an_adapter_tells_what_it_is_for_and_what_it_was_made_from_and_holds_no_base(
    data: Path, tmp_path: Path
) -> None:
    out = finetune(asked_for(data, tmp_path / "a", word="inky"), say=silent)

    adapter = Adapter.open(out)
    weights = load_file(out / WEIGHTS)
    checkpoint = load_file(Run.open(tmp_path / "a/run").checkpoints()[-1])
    card = (out / "README.md").read_text()
    assert (adapter.name, adapter.base, adapter.rank, adapter.word) == ("discs", BASE.name, 2, "inky")
    assert adapter.denoiser_sha256 == hash_denoiser(BASE)
    assert all(".lora_" in name and tensor.dtype == torch.float16 for name, tensor in weights.items())
    assert any(tensor.any() for name, tensor in weights.items() if ".lora_B." in name)
    assert all(".lora_" in name for name in checkpoint)
    assert card.startswith("---\nlicense:\n- cc0-1.0\n---\n")
    assert "inky" in card
    assert hash_file(out / WEIGHTS) in card


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"name": "Bold Flat"}, RecipeUnfit, "--name"),
        ({"name": "../x"}, RecipeUnfit, "--name"),
        ({"steps": 0}, RecipeUnfit, "--steps"),
        ({"rank": 0}, RecipeUnfit, "--rank"),
        ({"batch": 3}, RecipeUnfit, "--parts"),
        ({"word": " "}, RecipeUnfit, "--word"),
        ({"likeness": Path("x")}, RecipeUnfit, "--hold-out"),
        ({"hold_out": 1}, TooFewPictures, "5 matching images, of which 1 are held out"),
        ({"pictures": 3}, TooFewPictures, "at least 3"),
        ({"style": "etched"}, SubjectsMissing, "no images of the requested style"),
        ({"base": Path("nowhere")}, ModelUnavailable, "manifest"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    data: Path, tmp_path: Path, changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        finetune(asked_for(data, tmp_path / "a", **changes), say=silent)
    assert not (tmp_path / "a").exists()


def no_captions(folder: Path) -> None:
    for path in folder.glob("*.txt"):
        path.unlink()


def broken_picture(folder: Path) -> None:
    (folder / "coin.png").write_bytes((folder / "coin.png").read_bytes()[:99])


def two_pictures(folder: Path) -> None:
    for name in ("planet", "pea", "egg"):
        (folder / f"{name}.png").unlink()


def no_licence(folder: Path) -> None:
    (folder / "LICENCE").unlink()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (no_captions, "CaptionsMissing"),
        (broken_picture, "PictureBroken"),
        (two_pictures, "TooFewPictures"),
        (no_licence, "LicenceMissing"),
    ],
)
def test_pictures_that_cannot_be_learned_from_are_named_by_the_command(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Any, error: str
) -> None:
    spoil(data)
    words = ["finetune", str(data), "--name", "discs", "--run", str(tmp_path / "run"), "--out", str(tmp_path / "out")]

    assert main(words) == REFUSED
    assert capsys.readouterr().err.startswith(f"{error}: ")
    assert not (tmp_path / "run").exists()


def test_more_pictures_than_an_adapter_takes_are_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpu_tasks.training.styles.finetune.MAX_STYLE_PICTURES", 4)
    monkeypatch.setattr("gpu_tasks.training.styles.finetune.MIN_STYLE_PICTURES", 2)

    with pytest.raises(RecipeUnfit, match="set --pictures"):
        finetune(asked_for(data, tmp_path / "a"), say=silent)


def test_a_folder_that_is_there_is_never_written_over(data: Path, tmp_path: Path) -> None:
    (tmp_path / "a/out").mkdir(parents=True)

    with pytest.raises(AdapterExists, match="out"):
        finetune(asked_for(data, tmp_path / "a"), say=silent)
    assert not (tmp_path / "a/run").exists()


def test_a_run_of_another_recipe_is_refused(data: Path, tmp_path: Path) -> None:
    Run.start(tmp_path / "a/run", {"seed": 7})

    with pytest.raises(RecipeChanged, match="rank"):
        finetune(asked_for(data, tmp_path / "a"), say=silent)


def test_a_disk_that_is_too_small_is_told_before_the_first_step(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: type("Usage", (), {"free": 1 << 20}))

    with pytest.raises(DiskTooSmall, match="needs 64 MiB"):
        finetune(asked_for(data, tmp_path / "a"), say=silent)
    assert not (tmp_path / "a/run/checkpoints").exists()


def test_a_loss_that_is_no_number_writes_no_adapter(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = DenoisingLoss.__call__
    monkeypatch.setattr(
        DenoisingLoss, "__call__", lambda *place: sound(*place) * (float("nan") if place[2] == 2 else 1)
    )

    with pytest.raises(LossNotFinite, match="step 3"):
        finetune(asked_for(data, tmp_path / "a"), say=silent)
    assert [path.stem for path in Run.open(tmp_path / "a/run").checkpoints()] == ["00000001", "00000002"]
    assert not (tmp_path / "a/out").exists()


# The figures.


@pytest.fixture(scope="module")
def likeness() -> Likeness:
    texts = TextEmbedder(BASE)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = LikenessConfig(text_width=texts.width, text_encoder=texts.sha256, widths=(8, 12, 16))
        return Likeness(config, PictureNetwork(config).eval(), torch.zeros(texts.width), texts)


def discs(*, outlined: bool, first: int) -> np.ndarray:
    """Eight discs in several colours on white, with or without a black outline."""
    shown = []
    for number in range(first, first + 8):
        disc = np.full((128, 128, 3), 255, np.uint8)
        y, x = np.mgrid[:128, :128] - 64
        if outlined:
            disc[x**2 + y**2 < 46**2] = 0
        disc[x**2 + y**2 < 40**2] = np.random.default_rng(number).integers(60, 220, 3)
        shown.append(disc)
    return np.stack(shown)


def test_a_style_is_told_by_its_strokes_whatever_the_colour(likeness: Likeness) -> None:
    scale = StyleScale.of(
        likeness, {"outlined": discs(outlined=True, first=0), "plain": discs(outlined=False, first=50)}
    )

    assert scale.shares(discs(outlined=True, first=100)) == {"outlined": 1.0, "plain": 0.0}
    assert scale.shares(discs(outlined=False, first=200)) == {"outlined": 0.0, "plain": 1.0}


def test_figures_before_and_after_stand_beside_those_of_real_pictures(
    data: Path, tmp_path: Path, likeness: Likeness
) -> None:
    encoder = tmp_path / "likeness"
    likeness.save(encoder, report={})
    folder = tmp_path / "two-styles"
    folder.mkdir()
    names = [f"thing {number}" for number in range(13)]
    with (folder / "captions.jsonl").open("w") as captions:
        for style in ("ink", "wax"):
            for number, name in enumerate(names):
                colour = (17 * number, 200, 100) if style == "ink" else (200, 17 * number, 20)
                Image.fromarray(a_disc(colour)).save(folder / f"{style}{number}.png")
                facts = {"file": f"{style}{number}.png", "name": name, "style": style, "licence": "CC0-1.0"}
                captions.write(json.dumps(facts) + "\n")

    told: list[str] = []
    out = finetune(asked_for(folder, tmp_path / "a", style="ink", hold_out=8, likeness=encoder), say=told.append)

    figures = json.loads(next(line for line in told if line.startswith("{")))
    assert figures["style"] == "ink"
    assert figures["prompts"] == 4
    assert {*figures["before"]} == {*figures["after"]} == {*figures["real_pictures"]} == {"ink", "wax"}
    assert "## Measured" in (out / "README.md").read_text()
    with pytest.raises(SubjectsMissing, match="another style"):
        finetune(
            asked_for(write_folder_of_one_style(tmp_path), tmp_path / "b", hold_out=8, likeness=encoder), say=silent
        )


def write_folder_of_one_style(tmp_path: Path) -> Path:
    folder = tmp_path / "one-style"
    folder.mkdir()
    (folder / "LICENCE").write_text("CC0-1.0\n")
    for number in range(13):
        Image.fromarray(a_disc((17 * number, 9, 9))).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(f"thing {number}\n")
    return folder


def test_what_is_frozen_is_neither_copied_nor_changed_nor_kept(tmp_path: Path) -> None:
    network = a_network()
    frozen = next(iter(network.children())).requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in frozen.state_dict().items()}

    average = learn(tmp_path / "run", network=network)

    assert next(average.parameters()) is next(network.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in frozen.state_dict().items())
    kept = load_file(Run.open(tmp_path / "run").checkpoints()[-1])
    assert {name.partition(".")[2] for name in kept} == {"2.weight", "2.bias"}
