"""A real training of a style, as in the task: few pictures, few steps, a small grid."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from craftspark.errors import ModelUnavailable, SpotInterrupted
from craftspark.settings.tasks import TrainerSettings
from craftspark.styles.messages import TrainingOrder
from gpu_tasks.inference import manifests, model_store
from gpu_tasks.training.dataset.dataset import Dataset
from gpu_tasks.training.evaluation import adapter_effect
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.styles import style_trainer
from gpu_tasks.training.styles.inputs import TrainingInputs, TrainingOutcome
from gpu_tasks.training.styles.style_trainer import train_style
from tests.fakes import TRAINER_SETTINGS

STEPS = 8


@pytest.fixture(scope="module", autouse=True)
def small_grid() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(adapter_effect, "ROWS", 1)
        patches.setattr(adapter_effect, "COLUMNS", 1)
        patches.setattr(adapter_effect, "STEPS", 1)
        patches.setattr(style_trainer, "BATCHES", 2)
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("data")
    for number, name in enumerate(("apple", "pear", "plum", "fig", "lime")):
        picture = Image.new("RGBA", (128, 128), (0, 0, 0, 0))
        ImageDraw.Draw(picture).ellipse((20, 20, 108, 108), fill=(40 * number, 90, 200 - 20 * number, 255))
        picture.save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(name)
    (folder / "LICENCE").write_text("CC0-1.0")
    return Dataset.open(folder)


def a_lesson(dataset: Dataset, folder: Path) -> TrainingInputs:
    order = TrainingOrder(
        training_id="sunny.v1",
        style="sunny",
        version="v1",
        model="craftspark-clipart-128",
        dataset=str(dataset.folder),
        steps=STEPS,
        seed=0,
    )
    return TrainingInputs(
        order=order, settings=TRAINER_SETTINGS, dataset=dataset, run=folder / "run", adapter=folder / "adapter"
    )


@dataclass(frozen=True)
class Resumed:
    """A training that was interrupted after its second step, and resumed."""

    inputs: TrainingInputs
    interruption: SpotInterrupted
    outcome: TrainingOutcome
    steps: list[int]
    checkpoints: list[str]


@pytest.fixture(scope="module")
def resumed(dataset: Dataset, small_grid: None, tmp_path_factory: pytest.TempPathFactory) -> Resumed:
    inputs = a_lesson(dataset, tmp_path_factory.mktemp("resumed"))
    steps: list[int] = []
    checkpoints: list[str] = []

    def note(done: int, _steps: int) -> None:
        steps.append(done)

    def keep(path: Path) -> None:
        checkpoints.append(path.stem)

    with pytest.raises(SpotInterrupted) as interruption:
        train_style(inputs, Hooks(on_step=note, on_checkpoint=keep, stopping=lambda: len(steps) == 1))
    outcome = train_style(inputs, Hooks(on_step=note, on_checkpoint=keep))
    return Resumed(inputs, interruption.value, outcome, steps, checkpoints)


def test_a_training_that_is_taken_back_goes_on_to_an_adapter_that_learned(resumed: Resumed) -> None:
    figures = resumed.outcome.figures

    assert "after step 2 of 8" in str(resumed.interruption)
    assert resumed.steps == [1, 2, *range(3, STEPS + 1)]
    assert resumed.checkpoints == ["00000002", f"{STEPS:08}"]
    assert figures["loss"] < figures["loss_without"]
    assert np.asarray(Image.open(resumed.outcome.grid)).ndim == 3
    manifests.check(resumed.inputs.adapter)
    assert "stable" not in figures


def test_a_version_is_compared_with_the_stable_one_on_the_same_pictures_and_noise(
    dataset: Dataset, resumed: Resumed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = a_lesson(dataset, tmp_path / "v2")
    places = {"s3:styles/sunny/v1": resumed.inputs.adapter}

    def locate(source: str, settings: TrainerSettings) -> Path:
        if source.startswith("s3:") and source not in places:
            raise ModelUnavailable(source)
        return places.get(source) or model_store.locate(source, settings)

    monkeypatch.setattr(style_trainer, "locate", locate)
    twin = train_style(replace(other, order=replace(other.order, stable="v1")), Hooks()).figures
    gone = compared(other, "v0")

    # The same data and seed make the same adapter, so the comparison shows no difference.
    assert twin["stable"] == "v1"
    assert twin["style_loss"] == twin["style_loss_stable"] == twin["loss"]
    assert gone == {}


def compared(inputs: TrainingInputs, stable: str) -> dict[str, object]:
    order = replace(inputs.order, stable=stable)
    nothing = replace(inputs.dataset, pictures=())
    return style_trainer.compare(order, inputs, nothing, None, inputs.adapter, None)  # type: ignore[arg-type]
