"""A style of every family that can learn: trained in three steps, then drawn with, swapped and refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from craftspark.errors import ModelUnavailable, SpotInterrupted
from craftspark.errors.training import ModelUntrainable
from craftspark.models.catalogue import CATALOGUE
from craftspark.models.model import Model
from craftspark.styles.messages import TrainingOrder
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import manifests
from gpu_tasks.inference.adapters import FACTS, AdapterCache, hash_denoiser
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.families import find_family
from gpu_tasks.inference.manifests import write_manifest
from gpu_tasks.inference.model_store import open_pipeline
from gpu_tasks.training import loop
from gpu_tasks.training.dataset.captions import Captions
from gpu_tasks.training.dataset.dataset import Dataset
from gpu_tasks.training.dataset.examples import Examples
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.styles import style_trainer
from gpu_tasks.training.styles.base import Base
from gpu_tasks.training.styles.finetune import EXAMPLES, FinetuneRequest, finetune
from gpu_tasks.training.styles.inputs import TrainingInputs
from tests.fakes import TRAINER_SETTINGS
from tests.gpu.models.test_families import ENTRIES
from tests.gpu.models.test_families import pytestmark as ignored_warnings
from tests.gpu.small_data import a_disc
from tests.gpu.training.test_learning import LEARNERS

pytestmark = [*ignored_warnings, pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")]
TRAINABLE = {name: replace(entry, capabilities=entry.capabilities | {"learn"}) for name, entry in ENTRIES.items()}
SKETCH = Sketch(prompt="red ball", negative_prompt="", seed=3)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "LICENCE").write_text("CC0-1.0")
    for number, name in enumerate(("ball", "coin", "planet", "pea", "egg")):
        Image.fromarray(a_disc((50 * number, 99, 250 - 50 * number))).save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text(name)
    return folder


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny models. To be fast, each picture has one caption, and the grid one drawing."""
    for name, entry in TRAINABLE.items():
        monkeypatch.setitem(CATALOGUE, name, entry)
    monkeypatch.setattr("gpu_tasks.training.evaluation.adapter_effect.PROMPTS", ("ball",))
    monkeypatch.setattr("gpu_tasks.training.evaluation.adapter_effect.STEPS", 2)
    monkeypatch.setattr(Captions, "list_plain", lambda _captions, picture: [picture.name])
    monkeypatch.setattr(Captions, "list_coloured", lambda *_: [])


def silent(_line: str) -> None:
    pass


def train(name: str, model: Path, data: Path, place: Path, *, hooks: Hooks = loop.NO_HOOKS, **changes: Any) -> Path:
    """Train loudly, so that few steps change a drawing."""
    values: dict[str, Any] = {"data": data, "name": "discs", "run": place / "run", "out": place / "out"}
    values |= {"base": model, "model": name, "steps": 3, "rank": 2, "batch": 2, "parts": 1, "rate": 3.0}
    return finetune(FinetuneRequest(**values | changes), say=silent, hooks=hooks)


@dataclass(frozen=True)
class Worker:
    """Draws with styles, as a worker does. `network` is the denoising network."""

    diffusion: Diffusion
    network: nn.Module
    entry: Model

    @classmethod
    def of(cls, name: str, model: Path) -> Worker:
        entry = TRAINABLE[name]
        family = find_family(entry.family)
        pipeline = open_pipeline(model, family=family)
        network = getattr(pipeline, family.denoiser)
        adapters = AdapterCache(network, hash_denoiser(model, family.denoiser), Path, component=family.denoiser)
        return cls(Diffusion(pipeline, entry, adapters), network, entry)

    def draw(self, style: Path | None) -> Pixels:
        settings = DrawingSettings(
            size=(64, 64),
            steps=2,
            guidance=self.entry.guidance.default,
            adapter=None if style is None else str(style),
        )
        [pixels] = self.diffusion.draw([SKETCH], settings, lambda _share: None)
        assert pixels is not None
        return pixels

    def weights(self) -> set[int]:
        """The addresses of the weights in memory."""
        return {parameter.data_ptr() for parameter in self.network.parameters()}


@pytest.mark.parametrize("name", LEARNERS)
def test_a_style_is_trained_swapped_and_removed_without_a_trace(
    name: str, tiny_model: Callable[[str], Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def noting(network: nn.Module, *arguments: Any, **options: Any) -> nn.Module:
        still = [each for each in network.parameters() if not each.requires_grad]
        frozen.extend((each, each.detach().clone()) for each in still)
        return loop.train(network, *arguments, **options)

    monkeypatch.setattr("gpu_tasks.training.styles.finetune.train", noting)
    model = tiny_model(name)
    one, other = (train(name, model, data, tmp_path / str(seed), seed=seed) for seed in (1, 2))
    worker = Worker.of(name, model)
    loaded = worker.weights()

    plain = worker.draw(None)
    first, second = worker.draw(one), worker.draw(other)

    assert frozen
    assert all(torch.equal(now, before) for now, before in frozen)
    assert (first != plain).any()
    assert (second != plain).any()
    assert (second != first).any()
    np.testing.assert_array_equal(worker.draw(None), plain)
    np.testing.assert_array_equal(worker.draw(one), first)
    np.testing.assert_array_equal(Worker.of(name, model).draw(other), second)
    assert loaded <= worker.weights()


def test_a_style_of_a_transformer_is_refused_by_another_transformer(
    tiny_model: Callable[[str], Path], data: Path, tmp_path: Path
) -> None:
    style = train("flux-schnell", tiny_model("flux-schnell"), data, tmp_path)
    worker = Worker.of("sd-3", tiny_model("sd-3"))
    plain = worker.draw(None)

    with pytest.raises(ModelUnavailable, match="trained for a different flux-schnell: its transformer is"):
        worker.draw(style)
    np.testing.assert_array_equal(worker.draw(None), plain)


def test_a_resumed_training_of_a_transformer_is_equal_to_one_without_interruption(
    tiny_model: Callable[[str], Path], data: Path, tmp_path: Path
) -> None:
    model = tiny_model("flux2-klein")
    whole = train("flux2-klein", model, data, tmp_path / "whole")

    with pytest.raises(SpotInterrupted):
        train("flux2-klein", model, data, tmp_path / "parts", hooks=Hooks(stopping=lambda: True))
    resumed = train("flux2-klein", model, data, tmp_path / "parts")

    assert manifests.read_manifest(resumed) == manifests.read_manifest(whole)


def test_a_task_trains_a_transformer_and_compares_it_with_the_stable_version(
    tiny_model: Callable[[str], Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model("z-image")
    stable = train("z-image", model, data, tmp_path / "v1")
    shutil.copytree(stable, foreign := tmp_path / "v0")
    (foreign / FACTS).write_text(json.dumps(json.loads((foreign / FACTS).read_text()) | {"denoiser_sha256": "0"}))
    write_manifest(foreign)
    places = {"s3:z-image": model, "s3:styles/discs/v1": stable, "s3:styles/discs/v0": foreign}
    monkeypatch.setattr(style_trainer, "locate", lambda source, _settings: places[source])
    monkeypatch.setattr(style_trainer, "BATCHES", 1)
    order = TrainingOrder(
        training_id="discs.v2",
        style="discs",
        version="v2",
        model="z-image",
        dataset="",
        steps=2,
        seed=1,
        stable="v1",
    )
    inputs = TrainingInputs(
        order=order,
        settings=TRAINER_SETTINGS,
        dataset=Dataset.open(data),
        run=tmp_path / "run",
        adapter=tmp_path / "out",
    )

    figures = style_trainer.train_style(inputs, Hooks()).figures
    measured = style_trainer.Losses.of(Base.find("z-image", model, "cpu"))
    against_foreign = style_trainer.compare(
        replace(order, stable="v0"),
        inputs,
        inputs.dataset,
        measured,
        inputs.adapter,
        Examples.open(inputs.run / EXAMPLES),
    )

    assert figures["stable"] == "v1"
    assert len({figures[name] for name in ("loss", "loss_without", "style_loss_stable")}) == 3
    assert all(np.isfinite(figures[name]) for name in ("loss", "loss_without", "style_loss", "style_loss_stable"))
    assert against_foreign == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sd-1.5-lcm", "its family is latent-consistency"),
        ("sana-sprint", "its family is sana-sprint"),
        ("pixart-sigma", "its family is pixart-sigma"),
        ("sdxl-inpainting", "a StableDiffusionXLInpaintPipeline cannot learn styles"),
    ],
)
def test_a_model_that_cannot_learn_is_refused_before_anything_is_written(
    name: str, reason: str, tiny_model: Callable[[str], Path], data: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelUntrainable, match=reason):
        train(name, tiny_model(name), data, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_scheduler_with_another_kind_of_noise_is_refused_before_anything_is_written(
    tiny_model: Callable[[str], Path], data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model("sdxl"), folder)
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"scheduler": ["diffusers", "EDMEulerScheduler"]}))
    (folder / "scheduler/scheduler_config.json").write_text('{"_class_name": "EDMEulerScheduler"}')
    write_manifest(folder)

    with pytest.raises(ModelUntrainable, match="noise of EDMEulerScheduler"):
        train("sdxl", folder, data, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_an_entry_without_the_capability_is_refused_before_anything_is_written(
    tiny_model: Callable[[str], Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CATALOGUE, "sdxl", ENTRIES["sdxl"])

    with pytest.raises(ModelUntrainable, match="sdxl cannot learn styles"):
        train("sdxl", tiny_model("sdxl"), data, tmp_path / "a")
    assert not (tmp_path / "a").exists()
