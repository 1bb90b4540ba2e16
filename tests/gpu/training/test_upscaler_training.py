import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from craftspark.errors.training import TooFewPictures
from gpu_tasks.inference.manifests import check
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.training.__main__ import DONE, REFUSED, main
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset import emoji
from gpu_tasks.training.dataset.dataset import MANIFEST
from gpu_tasks.training.dataset.patches import Patches, PatchPlan
from gpu_tasks.training.evaluation import gain
from gpu_tasks.training.networks import upscaler
from tests.gpu.training.tiny_upscaler_run import START, learn

COLOURS = {"ball": (221, 46, 68), "coin": (255, 204, 77), "planet": (85, 172, 238), "leaf": (119, 178, 85)}
PLAN = PatchPlan(seed=0, batch=8, patch=12, softened=0.0)


def a_disc(colour: tuple[int, int, int], side: int = 64) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    y, x = np.mgrid[:side, :side] - side / 2
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[np.hypot(x, y) < side * 0.4] = (*colour, 255)
    return pixels


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four pictures of 64 px. The last has another style."""
    folder = tmp_path / "data"
    (folder / "pictures").mkdir(parents=True)
    with (folder / MANIFEST).open("w") as manifest:
        for name, colour in COLOURS.items():
            Image.fromarray(a_disc(colour)).save(folder / f"pictures/{name}.png")
            facts = {"id": name, "file": f"pictures/{name}.png", "name": name, "licence": "CC0-1.0"}
            manifest.write(json.dumps(facts | {"style": "outlined" if name == "leaf" else "flat"}) + "\n")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A user's folder of pictures with captions and a licence, without a manifest."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name, colour in COLOURS.items():
        Image.fromarray(a_disc(colour)).save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text(name)
    (folder / "LICENCE").write_text("CC0-1.0\n")
    return folder


# The command.


def test_an_upscaler_is_trained_and_its_average_exported(data: Path, tmp_path: Path) -> None:
    run, model = tmp_path / "run", tmp_path / "model"

    codes = [learn(data, run), main(["export", str(run), str(model), "--start", START])]

    assert codes == [DONE, DONE]
    assert (run / "samples/00000004.png").exists()
    check(model)
    assert {path.name for path in model.iterdir()} == {path.name for path in Path(START).iterdir()}
    exported, average = Upscaler.open(model).network.state_dict(), load_file(Run.open(run).checkpoints()[-1])
    assert all(torch.equal(tensor.half(), average[f"average.{name}"].half()) for name, tensor in exported.items())
    started = Upscaler.open(Path(START)).network.state_dict()
    assert any(not torch.equal(tensor, started[name]) for name, tensor in exported.items())


def test_a_killed_run_goes_on_to_the_same_weights(data: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    learn(data, whole)

    death = subprocess.run(
        [sys.executable, "-m", "tests.gpu.training.tiny_upscaler_run", str(data), str(killed)], check=False
    )
    left = [path.stem for path in Run.open(killed).checkpoints()]
    learn(data, killed)

    assert death.returncode == -signal.SIGKILL
    assert left == ["00000001", "00000002"]
    one, other = (load_file(Run.open(folder).checkpoints()[-1]) for folder in (whole, killed))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_can_mend_what_an_autoencoder_makes_soft(tmp_path: Path, own: Path) -> None:
    for name, colour in COLOURS.items():
        Image.fromarray(a_disc(colour, 128)).save(own / f"{name}.png")
    softening = ["--softened-by", str(BUILT_IN / "craftspark-clipart-128"), "--softened", "1", "--size", "128"]

    assert learn(own, tmp_path / "run", *softening) == DONE
    assert learn(own, tmp_path / "run", *softening) == DONE
    assert (tmp_path / "run/softened.safetensors").exists()


def test_an_export_from_another_start_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learn(data, tmp_path / "run")
    drawing = str(BUILT_IN / "craftspark-clipart-128")

    assert main(["export", str(tmp_path / "run"), str(tmp_path / "model"), "--start", drawing]) == REFUSED
    assert "not an upscaler" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--batch", "3", "--parts", "2"], "RecipeUnfit"),
        (["--patch", "8"], "RecipeUnfit: --patch 8"),
        (["--softened", "2"], "RecipeUnfit: --softened"),
        (["--patch", "20"], "PictureTooSmall"),
        (["--hold-out", "gothic"], "SubjectsMissing"),
        (["--hold-out", "flat"], "TooFewPictures"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], named: str
) -> None:
    assert learn(data, tmp_path / "run", *more) == REFUSED
    assert named in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_ones_own_pictures_are_not_enlarged_to_learn_from(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(a_disc((0, 0, 0), 60)).save(own / "ball.png")

    assert learn(own, tmp_path / "run") == REFUSED
    assert "PictureTooSmall: ball.png" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda folder: [path.unlink() for path in folder.glob("*.txt")], "CaptionsMissing"),
        (lambda folder: (folder / "LICENCE").unlink(), "LicenceMissing"),
        (lambda folder: (folder / "ball.png").write_bytes(b"half"), "PictureBroken"),
        (lambda folder: [(folder / f"{name}.png").unlink() for name in ("ball", "coin")], "TooFewPictures"),
    ],
)
def test_a_folder_that_is_not_fit_is_refused_by_name(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: object, named: str
) -> None:
    spoil(own)  # type: ignore[operator]

    assert learn(own, tmp_path / "run") == REFUSED
    assert named in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_start_that_is_no_upscaler_is_refused(data: Path, tmp_path: Path) -> None:
    assert learn(data, tmp_path / "run", start=BUILT_IN / "craftspark-clipart-128") == REFUSED
    assert not (tmp_path / "run").exists()


def test_a_held_out_style_is_not_learned_from(data: Path) -> None:
    kept = upscaler.select_pictures(data, 64, "outlined", patch=12)

    assert [picture.name for picture in kept.pictures] == ["ball", "coin", "planet"]


# The patches.


def test_a_small_patch_is_the_large_one_made_small() -> None:
    pictures = np.stack([a_disc(colour, 128) for colour in COLOURS.values()])

    small, large = Patches(pictures, None, PLAN).draw(0)

    assert small.shape == (8, 3, 12, 12)
    assert large.shape == (8, 3, 48, 48)
    assert (torch.nn.functional.avg_pool2d(large, 4) - small).abs().mean() < 0.03


def test_a_place_in_the_run_always_has_the_same_patches_and_another_has_others() -> None:
    patches = Patches(np.stack([a_disc(colour) for colour in COLOURS.values()]), None, PLAN)

    assert torch.equal(patches.draw(3, 1)[0], patches.draw(3, 1)[0])
    assert not torch.equal(patches.draw(3, 1)[0], patches.draw(4, 1)[0])


def test_softened_pictures_meet_their_own_originals() -> None:
    pictures = np.stack([a_disc(colour) for colour in COLOURS.values()])
    softened = np.stack([np.asarray(upscaler.shrink_on_white(picture, 16)) for picture in pictures])

    small, large = Patches(pictures, softened, PatchPlan(seed=0, batch=16, patch=12, softened=1.0)).draw(0)

    assert (torch.nn.functional.avg_pool2d(large, 4) - small).abs().mean() < 0.03


# The figure.


def test_the_figure_is_the_gain_in_peak_signal_to_noise_ratio() -> None:
    reference = np.full((2, 2, 3), 100, np.uint8)

    assert gain.psnr(reference + np.uint8(10), reference) == pytest.approx(28.13, abs=0.01)
    assert gain.psnr(reference, reference) == float("inf")
    assert gain.Gain([20.0, 30.0], [21.0, 33.0]).mean == 2.0


def test_the_same_pictures_are_measured_at_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [
        '<rect width="36" height="36" fill="#dd2e44"/>',
        "<g/>",
        '<circle cx="18" cy="18" r="16" fill="#3b88c3"/>',
    ]
    icons = {"width": 36, "height": 36}
    drawings = [emoji.Icon(None, {"body": body}, icons) for body in bodies]  # type: ignore[arg-type]
    monkeypatch.setattr(gain, "read_icons", lambda _style: drawings)

    small, large = (gain.rasterise_references("flat", side, count=2) for side in (32, 64))

    assert [picture[side // 2, side // 2].tolist() for picture, side in zip(small, (32, 32), strict=True)] == [
        picture[32, 32].tolist() for picture in large
    ]
    with pytest.raises(TooFewPictures):
        gain.rasterise_references("flat", 32, count=3)


def test_a_style_that_is_not_known_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gain", START, "--style", "gothic"]) == REFUSED
    assert "there is no style gothic; the styles are twemoji" in capsys.readouterr().err
