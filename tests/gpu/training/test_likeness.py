import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file

from craftspark.errors import ModelUnavailable
from craftspark.errors.training import LossNotFinite
from gpu_tasks.images.pixels import flatten_on_white
from gpu_tasks.inference.encoders.likeness import Likeness, LikenessConfig, PictureNetwork, TextEmbedder, rank_subjects
from gpu_tasks.inference.manifests import write_manifest
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.training.__main__ import DONE, REFUSED, main
from gpu_tasks.training.dataset.augmentation import augment
from gpu_tasks.training.dataset.dataset import Dataset, write_dataset
from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.evaluation.evaluate import FEW_STEPS, MANY_STEPS, Originals, draw_prompts, evaluate
from gpu_tasks.training.evaluation.likeness import TrainingLimit, train
from gpu_tasks.training.evaluation.likeness_data import draw_held_out, list_names
from gpu_tasks.training.evaluation.prompts import (
    COLOUR_SUBJECTS,
    build_colour_prompts,
    build_subject_prompts,
    find_everyday_words,
)

MODEL = BUILT_IN / "craftspark-clipart-128"
EFFORT = TrainingLimit(steps=60, minutes=None, seed=3, batch=16)
SMALL: dict[str, Any] = {"side": 16, "widths": (8, 16, 16)}
SUBJECTS = {
    "red apple": (220, 30, 50, 255),
    "banana": (250, 220, 60, 255),
    "shamrock": (60, 160, 60, 255),
    "blueberries": (40, 70, 200, 255),
    "eggplant": (110, 50, 160, 255),
    "tangerine": (250, 140, 20, 255),
}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A disc in the colour of each subject."""
    pictures = []
    for name, colour in SUBJECTS.items():
        image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
        ImageDraw.Draw(image).ellipse((4, 4, 28, 28), fill=colour)
        image.save(file := io.BytesIO(), format="png")
        facts = CaptionedPicture(id=name, file=f"pictures/{name}.png", name=name, licence="CC0-1.0")
        pictures.append((facts, file.getvalue()))
    return write_dataset(tmp_path_factory.mktemp("likeness") / "discs", pictures)


@pytest.fixture(scope="module")
def texts() -> TextEmbedder:
    return TextEmbedder(MODEL)


@pytest.fixture(scope="module")
def likeness(dataset: Dataset, texts: TextEmbedder) -> Likeness:
    return train(dataset, texts, EFFORT, **SMALL)[0]


def test_a_text_lies_nearer_to_its_synonym_than_to_another_thing(texts: TextEmbedder) -> None:
    kitten, cat, truck = torch.nn.functional.normalize(texts.states(["kitten", "cat", "delivery truck"]), dim=-1)

    assert kitten @ cat > kitten @ truck


def test_a_texts_place_depends_on_no_other_text(texts: TextEmbedder) -> None:
    alone = texts.states(["owl"])
    in_company = texts.states(["a long text about a house with a garden", "owl"])

    torch.testing.assert_close(alone[0], in_company[1])


def test_pictures_lie_nearest_to_their_own_names(dataset: Dataset, likeness: Likeness) -> None:
    names = list(SUBJECTS)
    places = likeness.embed_pictures(flatten_on_white(dataset.pixels()))

    found = rank_subjects(
        places, likeness.embed_texts(names), [names.index(picture.name) for picture in dataset.pictures]
    )

    assert (found == 1).float().mean() >= 0.8
    torch.testing.assert_close(places.norm(dim=-1), torch.ones(len(names)))


def test_the_same_seed_trains_the_same_weights(dataset: Dataset, texts: TextEmbedder) -> None:
    few = TrainingLimit(steps=3, minutes=None, seed=3, batch=8)
    one, same = (train(dataset, texts, few, **SMALL)[0].network.state_dict() for _ in range(2))
    other = train(dataset, texts, TrainingLimit(steps=3, minutes=None, seed=4, batch=8), **SMALL)[
        0
    ].network.state_dict()

    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["head.weight"], other["head.weight"])


def test_training_ends_with_the_minutes_where_they_are_fewer_than_the_steps() -> None:
    effort = TrainingLimit(steps=100, minutes=2, seed=0)

    assert effort.share(50, elapsed_s=30) == 0.5
    assert effort.share(50, elapsed_s=90) == 0.75
    assert effort.share(50, elapsed_s=120) == 1


def test_a_loss_that_is_no_number_stops_the_training(
    dataset: Dataset, texts: TextEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpu_tasks.training.evaluation.likeness.LEARNING_RATE", float("nan"))

    with pytest.raises(LossNotFinite, match="step 1"):
        train(dataset, texts, EFFORT, **SMALL)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["--steps", "0"], "RecipeUnfit: --steps 0"),
        (["--minutes", "0"], "RecipeUnfit: --steps"),
        (["--subjects", "nowhere.txt"], "SubjectsMissing: nowhere.txt cannot be read"),
        (["--model", "nowhere"], "ModelUnavailable: nowhere is not a model folder"),
    ],
)
def test_what_cannot_work_is_refused_before_training(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], refusal: str
) -> None:
    code = main(["likeness", str(dataset.folder), str(tmp_path / "out"), *words])

    assert code == REFUSED
    assert capsys.readouterr().err.startswith(refusal)
    assert not (tmp_path / "out").exists()


def test_what_is_held_out_is_a_candidate_and_leaves_each_subject_a_picture() -> None:
    names = [f"thing {number % 50}" for number in range(100)] + ["lone thing"]

    held_out = draw_held_out(names, range(50, 101), seed=0)

    assert len(held_out) == 3
    assert min(held_out) >= 50
    assert {name for index, name in enumerate(names) if index not in held_out} == set(names)


def test_augmentation_keeps_the_ground_white_and_repeats_by_seed() -> None:
    pictures = torch.ones(4, 3, 32, 32)
    pictures[:, 1:, 12:20, 12:20] = 0

    one, same = (augment(pictures, torch.Generator().manual_seed(1)) for _ in range(2))

    assert torch.equal(one, same)
    assert one.shape == pictures.shape
    assert one[:, :, :2].mean() > 0.95
    assert ((one[:, 1] < 0.5).sum((1, 2)) > 20).all()


def test_a_saved_encoder_opens_as_it_was(tmp_path: Path, dataset: Dataset, likeness: Likeness) -> None:
    likeness.save(tmp_path / "likeness", report={"steps": 60})

    opened = Likeness.open(tmp_path / "likeness", MODEL)

    pictures = flatten_on_white(dataset.pixels())
    torch.testing.assert_close(opened.embed_pictures(pictures), likeness.embed_pictures(pictures), atol=0.02, rtol=0)
    torch.testing.assert_close(opened.embed_texts(["owl"]), likeness.embed_texts(["owl"]), atol=0.01, rtol=0)
    assert [path.name for path in tmp_path.iterdir()] == ["likeness"]


def test_the_weights_of_the_usual_size_take_less_than_six_megabytes() -> None:
    network = PictureNetwork(LikenessConfig(text_width=160, text_encoder=""))

    assert 2 * sum(weight.numel() for weight in network.state_dict().values()) < 6_000_000


def test_an_encoder_for_another_text_encoder_is_refused(tmp_path: Path, likeness: Likeness) -> None:
    likeness.save(tmp_path / "likeness", report={})
    other = tmp_path / "model"
    shutil.copytree(MODEL, other)
    with (other / "text_encoder/model.safetensors").open("r+b") as file:
        file.seek(-2, io.SEEK_END)
        file.write(b"\0\0")

    with pytest.raises(ModelUnavailable, match="another model"):
        Likeness.open(tmp_path / "likeness", other)


def test_a_changed_or_senseless_folder_is_no_encoder(tmp_path: Path, likeness: Likeness) -> None:
    folder = tmp_path / "likeness"
    likeness.save(folder, report={})
    config = json.loads((folder / "config.json").read_text())

    (folder / "config.json").write_text(json.dumps(config | {"widths": [8, 8]}))
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        Likeness.open(folder, MODEL)
    write_manifest(folder)
    with pytest.raises(ModelUnavailable, match="not a likeness encoder"):
        Likeness.open(folder, MODEL)


def test_the_rank_counts_the_subjects_that_lie_nearer() -> None:
    subjects = torch.eye(3)
    places = torch.tensor([[0.9, 0.3, 0.1], [0.9, 0.3, 0.1]])

    assert rank_subjects(places, subjects, [0, 2]).tolist() == [1, 3]


def test_the_prompts_are_the_same_every_time_and_ask_each_for_one_subject(dataset: Dataset) -> None:
    subjects, prompts = build_subject_prompts(list_names(dataset), 8)

    assert (subjects, prompts) == build_subject_prompts(list_names(dataset), 8)
    assert subjects == sorted(SUBJECTS)
    assert all(subjects[prompt.subject] in prompt.text for prompt in prompts if not prompt.everyday)
    assert ("aubergine", "eggplant") in find_everyday_words(subjects)


def test_an_everyday_word_that_two_subjects_share_is_not_asked_for() -> None:
    assert ("kitten", "cat face") in find_everyday_words(["cat face"])
    assert "kitten" not in [word for word, _ in find_everyday_words(["cat", "cat face"])]


def test_sixty_prompts_ask_for_a_colour() -> None:
    prompts = build_colour_prompts(list(COLOUR_SUBJECTS.values()))

    assert len({prompt.text for prompt in prompts}) == 60
    assert all(prompt.text.startswith(f"{prompt.colour} ") for prompt in prompts)
    assert [prompt.text for prompt in build_colour_prompts(["banana", "automobile"])][:2] == ["red car", "orange car"]


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ([], "has no twemoji or noto or fluent-emoji-flat images of"),
        (["--seeds", "0"], "one seed"),
        (["--prompts", "0"], "one prompt"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_drawing(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], refusal: str
) -> None:
    code = main(["evaluate", str(MODEL), str(tmp_path), str(dataset.folder), *words])

    assert code == REFUSED
    assert refusal in capsys.readouterr().err


def test_a_model_with_another_text_encoder_is_measured_by_the_judges(
    dataset: Dataset, likeness: Likeness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, encoder = tmp_path / "other", tmp_path / "likeness"
    shutil.copytree(MODEL, other)
    weights = load_file(other / "text_encoder/model.safetensors")
    save_file({name: tensor * 1.01 for name, tensor in weights.items()}, other / "text_encoder/model.safetensors")
    write_manifest(other)
    likeness.save(encoder, report={})
    (tmp_path / "subjects.txt").write_text("banana\n")
    monkeypatch.setattr("gpu_tasks.training.evaluation.evaluate.evaluate", lambda *_arguments, **_named: ({}, {}))
    words = ["evaluate", str(other), str(encoder), str(dataset.folder)]
    words += ["--style", "", "--subjects", str(tmp_path / "subjects.txt")]

    assert main(words) == REFUSED
    assert main([*words, "--likeness-model", str(MODEL)]) == DONE


class DiscModel:
    """Replaces a pipeline. Draws the disc of the requested subject, and a red disc for other prompts."""

    def __init__(self, dataset: Dataset) -> None:
        self._discs = {
            picture.name: pixels / 255
            for picture, pixels in zip(dataset.pictures, flatten_on_white(dataset.pixels()), strict=True)
        }
        self.sizes: list[int] = []
        self.device = torch.device("cpu")
        self.vae = SimpleNamespace(
            encode=lambda batch: SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: batch)),
            decode=lambda batch: SimpleNamespace(sample=batch),
        )

    def __call__(self, prompts: list[str], **_settings: Any) -> SimpleNamespace:
        self.sizes.append(len(prompts))
        return SimpleNamespace(images=np.stack([self._disc(prompt) for prompt in prompts]))

    def _disc(self, prompt: str) -> NDArray[np.float64]:
        return next((disc for name, disc in self._discs.items() if name in prompt), self._discs["red apple"])


def test_a_model_that_draws_what_it_is_asked_for_gets_full_marks(dataset: Dataset, likeness: Likeness) -> None:
    model = DiscModel(dataset)

    figures, grids = evaluate(model, likeness, dataset, prompts=4, seeds=[1, 2])

    named = figures[f"steps_{MANY_STEPS}"]["named"]
    assert named["top5"] == 1
    assert figures["few_step_ratio"] == 1
    assert figures["training_pictures"]["as_they_are"] == figures["training_pictures"]["through_autoencoder"]
    assert figures["colours"]["red"] == 1
    assert figures["colours"]["obeyed"] == pytest.approx(1 / 6, abs=1e-3)
    assert figures["colours"]["with_subject"] <= figures["colours"]["obeyed"]
    assert 0 <= figures["colours"]["with_subject_recoloured"] <= 1
    assert set(grids) == {f"{FEW_STEPS}-steps", f"{MANY_STEPS}-steps", "colours"}
    assert json.loads(json.dumps(figures)) == figures


def test_the_nearest_of_a_subject_s_pictures_counts(dataset: Dataset) -> None:
    originals = Originals(dataset.pixels(), [0, 1, 0])
    shapes = torch.eye(3)

    assert originals.rank(torch.eye(3), [0, 1, 0], shapes).tolist() == [1, 1, 1]
    assert originals.rank(torch.eye(3), [1, 0, 1], shapes).tolist() == [2, 2, 2]


def test_every_call_draws_as_many_pictures_and_the_spare_ones_are_dropped(dataset: Dataset) -> None:
    model = DiscModel(dataset)
    prompts: Sequence[str] = ["banana", "shamrock", "eggplant"] * 3

    pictures = draw_prompts(model, prompts, [1, 2], 8)

    assert len(pictures) == 18
    assert model.sizes == [8, 8, 8, 8]
