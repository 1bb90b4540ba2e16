"""The figures of the model card, for a few prompts. `make bench` measures 200."""

from typing import Any

import pytest

from gpu_tasks.inference.encoders.likeness import LIKENESS, Likeness, rank_subjects
from gpu_tasks.inference.model_store import BUILT_IN, open_pipeline
from gpu_tasks.training.dataset.colours import find_dominant_colour
from gpu_tasks.training.dataset.dataset import read_names
from gpu_tasks.training.evaluation.evaluate import SUBJECTS
from gpu_tasks.training.evaluation.grid import draw

MODEL = BUILT_IN / "craftspark-clipart-128"
EVERYDAY = {
    "pumpkin": "jack-o-lantern",
    "a burger": "hamburger",
    "ladybug": "lady beetle",
    "present": "wrapped gift",
    "donut svg": "doughnut",
    "a bee": "honeybee",
    "cup of coffee": "hot beverage",
    "car": "automobile",
}


@pytest.fixture(scope="module")
def model() -> Any:
    return open_pipeline(MODEL)


def test_everyday_words_are_drawn_as_what_they_mean(model: Any) -> None:
    likeness = Likeness.open(BUILT_IN / LIKENESS, MODEL)
    subjects = sorted(read_names(SUBJECTS))

    places = likeness.embed_pictures(draw(model, list(EVERYDAY), seed=1, steps=8))

    found = rank_subjects(places, likeness.embed_texts(subjects), [subjects.index(name) for name in EVERYDAY.values()])
    assert (found <= 5).sum() >= 7


def test_a_colour_is_obeyed(model: Any) -> None:
    colours = ["blue", "green", "purple", "red"]

    pictures = draw(model, [f"{colour} butterfly" for colour in colours], seed=1, steps=8)

    assert [find_dominant_colour(picture)[0] for picture in pictures] == colours


def test_the_ground_is_white(model: Any) -> None:
    pictures = draw(model, ["strawberry", "rocket", "owl", "cactus"], seed=1, steps=8)

    assert pictures[:, :6, :6].mean() > 245


def test_the_corners_have_no_other_colour_than_the_ground(model: Any) -> None:
    pictures = draw(model, ["strawberry", "owl", "cactus", "butterfly"], seed=1, steps=8).astype(int)

    corners = pictures[:, [0, 0, -1, -1], [0, -1, 0, -1]]

    assert corners.min() >= 247  # the decoder once made them 24 to 87 levels darker


def test_the_folder_is_small_enough_for_a_repository() -> None:
    assert sum(path.stat().st_size for path in MODEL.rglob("*.safetensors")) <= 30e6
