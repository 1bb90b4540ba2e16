import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file
from torch import Tensor, nn

from craftspark.errors.training import CheckpointBroken, DiskTooSmall, LossNotFinite, RecipeChanged
from gpu_tasks.inference import manifests, model_store
from gpu_tasks.training.__main__ import DONE, REFUSED, main
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset.captions import Captions, fill_template, remove_colour
from gpu_tasks.training.dataset.colours import PAINTS, find_dominant_colour, name_paint, recolour
from gpu_tasks.training.errors import CheckpointMissing
from gpu_tasks.training.loop import Schedule
from tests.gpu.small_data import RED, a_disc, a_picture
from tests.gpu.training.tiny_run import RECIPE, learn, loss_at

BUILT_IN = model_store.BUILT_IN / "craftspark-clipart-128"


def steps_reported(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


# The loop.


def test_a_run_that_was_killed_and_resumed_has_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    learn(whole)

    death = subprocess.run([sys.executable, "-m", "tests.gpu.training.tiny_run", str(killed)], check=False)
    left = [path.stem for path in Run.open(killed).checkpoints()]
    learn(killed)

    assert death.returncode == -signal.SIGKILL
    assert left == ["00000002", "00000004"]
    one, other = (load_file(Run.open(folder).checkpoints()[-1]) for folder in (whole, killed))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert steps_reported(killed) == steps_reported(whole) == list(range(1, 10))


def test_a_checkpoint_that_was_being_written_when_the_run_died_is_not_taken_for_one(tmp_path: Path) -> None:
    expected = learn(tmp_path / "whole")
    learn(tmp_path / "run")
    (tmp_path / "run/checkpoints/00000010.partial").write_bytes(b"half")

    again = learn(tmp_path / "run")

    assert [torch.equal(*pair) for pair in zip(again.parameters(), expected.parameters(), strict=True)] == [True] * 4


def test_the_weights_do_not_depend_on_which_part_is_ready_first(tmp_path: Path) -> None:
    one = learn(tmp_path / "one", schedule=Schedule(steps=9, rate=1e-2, parts=4))
    other = learn(tmp_path / "other", schedule=Schedule(steps=9, rate=1e-2, parts=4))

    assert all(torch.equal(*pair) for pair in zip(one.parameters(), other.parameters(), strict=True))


def test_the_rate_rises_and_then_falls_to_almost_nothing() -> None:
    rates = [Schedule(steps=1000, rate=1.0).rate_at(step) for step in range(1000)]

    assert rates[0] == pytest.approx(0.01, abs=1e-3)
    assert max(rates) == pytest.approx(rates[99], abs=0.01)
    assert sorted(rates[100:], reverse=True) == rates[100:]
    assert rates[-1] == pytest.approx(0.01, abs=1e-3)


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_the_last_good_checkpoint(tmp_path: Path) -> None:
    def broken(network: nn.Module, step: int, part: int) -> Tensor:
        return loss_at(network, step, part) * (float("nan") if step == 6 else 1)

    with pytest.raises(LossNotFinite, match="step 7") as stopped:
        learn(tmp_path / "run", broken)

    assert stopped.value.facts == {"step": 7, "checkpoint": "00000006.safetensors"}
    kept = load_file(Run.open(tmp_path / "run").checkpoints()[-1])
    assert all(tensor.isfinite().all() for tensor in kept.values())


def test_a_run_of_another_recipe_is_refused_by_what_differs(tmp_path: Path) -> None:
    learn(tmp_path / "run")

    with pytest.raises(RecipeChanged, match="seed differ"):
        learn(tmp_path / "run", recipe={"seed": 2})


def test_a_checkpoint_from_another_run_is_refused(tmp_path: Path) -> None:
    learn(tmp_path / "one")
    learn(tmp_path / "other", recipe={"seed": 2})
    stray = Run.open(tmp_path / "other").checkpoints()[-1]
    stray.replace(tmp_path / "one/checkpoints" / stray.name)

    with pytest.raises(RecipeChanged, match="another recipe"):
        learn(tmp_path / "one")


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    learn(tmp_path / "run")

    with pytest.raises(CheckpointBroken, match="another network"):
        learn(tmp_path / "run", network=nn.Linear(4, 4))


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    learn(tmp_path / "run")
    path = Run.open(tmp_path / "run").checkpoints()[-1]
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(CheckpointBroken, match=path.name):
        learn(tmp_path / "run")


def test_a_disk_that_is_too_small_is_told_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: type("Usage", (), {"free": 100}))

    with pytest.raises(DiskTooSmall):
        learn(tmp_path / "run")


# Colours and captions.


@pytest.mark.parametrize("colour", [colour for colour in PAINTS if colour != "red"])
def test_a_recoloured_picture_is_measured_to_have_its_new_colour_and_keeps_its_shape(colour: str) -> None:
    disc = a_disc()

    painted = recolour(disc, colour)

    assert find_dominant_colour(disc)[0] == "red"
    assert painted is not None
    assert find_dominant_colour(painted)[0] == name_paint(colour)
    assert (painted[..., 3] == disc[..., 3]).all()
    assert (painted[64, 64] == disc[64, 64]).all()


def test_a_colour_is_measured_in_the_subject_and_not_in_its_white_ground() -> None:
    flatten_on_white = np.full((64, 64, 3), 255, np.uint8)
    flatten_on_white[24:40, 24:40] = RED

    assert find_dominant_colour(flatten_on_white) == ("red", 1.0)
    assert find_dominant_colour(np.full((64, 64, 3), 255, np.uint8)) == ("white", 0.0)


def test_an_empty_picture_takes_no_colour() -> None:
    assert recolour(np.zeros((8, 8, 4), np.uint8), "blue") is None


def test_captions_name_the_measured_colour_in_place_of_the_names_own() -> None:
    apple = a_picture("red apple", "apple", "fruit")
    captions = Captions([apple, *(a_picture(name, "fruit") for name in ("pear", "lemon", "plum"))])

    assert "blue apple" in captions.list_coloured(apple, "blue")
    assert not any("red" in caption for caption in captions.list_coloured(apple, "blue"))
    assert "an apple" in captions.list_plain(apple)
    assert "fruit" not in captions.list_plain(apple)


def test_an_article_fits_the_word_after_it() -> None:
    assert fill_template("a picture of a {}", "owl") == "a picture of an owl"
    assert fill_template("a {} {}", "orange", "cat") == "an orange cat"
    assert fill_template("a {} {}", "blue", "owl") == "a blue owl"


def test_what_is_many_coloured_by_nature_has_no_colour_to_replace() -> None:
    assert remove_colour("rainbow") == ""
    assert remove_colour("red heart") == "heart"


# The commands.


def test_a_model_is_trained_resumed_and_exported(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpu_tasks.training.networks.unet.PROMPTS", ("ball",))
    run, model = tmp_path / "run", tmp_path / "model"
    begin = ["unet", str(data), str(run), "--start", str(BUILT_IN), "--steps", "2", "--batch", "4", "--recoloured", "1"]
    begin += ["--style", "flat", "--look", "flat=bold", "--coupled"]

    codes = [
        main([*begin, "--checkpoint-every", "1"]),
        main(begin),
        main(["export", str(run), str(model), "--start", str(BUILT_IN)]),
    ]

    assert codes == [DONE, DONE, DONE]
    assert "resumed after step 2" in capsys.readouterr().out
    assert (run / "samples/00000002.png").exists()
    assert steps_reported(run) == [2]
    manifests.check(model)
    assert (model / "unet/config.json").read_bytes() == (BUILT_IN / "unet/config.json").read_bytes()
    assert sum(path.stat().st_size for path in model.rglob("*.safetensors")) < 30e6
    new, old = (
        StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32, safety_checker=None, local_files_only=True)
        for folder in (model, BUILT_IN)
    )
    assert any(not torch.equal(*pair) for pair in zip(new.unet.parameters(), old.unet.parameters(), strict=True))


def test_subjects_that_the_dataset_lacks_are_told_before_anything_is_written(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "subjects.txt").write_text("ball\nunicorn\n")
    words = ["unet", str(data), str(tmp_path / "run"), "--start", str(BUILT_IN), "--steps", "2"]

    assert main([*words, "--subjects", str(tmp_path / "subjects.txt")]) == REFUSED
    assert "SubjectsMissing: the dataset has no images of unicorn" in capsys.readouterr().err
    assert main([*words, "--style", "etched"]) == REFUSED
    assert "SubjectsMissing: the dataset has no images of the style etched" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("looks", "fix"),
    [
        (["flat"], "STYLE=WORD"),
        (["flat=bold", "flat=soft"], "STYLE=WORD"),
        (["flat=bold", "round=bold"], "another word"),
        (["round=bold"], "the same styles"),
    ],
)
def test_looks_that_do_not_fit_the_styles_are_told_before_anything_is_written(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], looks: list[str], fix: str
) -> None:
    begin = ["unet", str(data), str(tmp_path / "run"), "--start", str(BUILT_IN), "--steps", "1", "--style", "flat"]

    assert main([*begin, "--look", *looks]) == REFUSED

    assert fix in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_batch_that_does_not_divide_into_its_parts_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["unet", str(data), str(tmp_path / "run"), "--start", str(BUILT_IN), "--steps", "2"]

    assert main([*words, "--batch", "5", "--parts", "2"]) == REFUSED
    assert "RecipeUnfit" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["unet", "decoder", "distil"])
def test_a_gpu_that_is_not_there_is_told_before_anything_is_written(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    words = [command, str(data), str(tmp_path / "run"), "--start", str(BUILT_IN), "--steps", "2"]

    assert main([*words, "--device", "cuda"]) == REFUSED
    assert "RecipeUnfit: --device cuda: PyTorch finds no CUDA device" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_run_without_a_checkpoint_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMissing):
        Run.open(tmp_path)
    with pytest.raises(CheckpointMissing):
        Run.start(tmp_path, RECIPE).latest()
