"""The figures of the model card, for a few prompts. `make bench` measures 200."""

from typing import Any

import numpy as np
import pytest

from benchmarks.worker.requested_subjects import find_main_colour, measure_difference
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


def test_a_colour_is_obeyed_and_a_shade_is_not_its_colour(model: Any) -> None:
    colours = ["blue", "green", "purple", "red"]
    prompts = [f"{colour} {subject}" for colour in colours for subject in ("umbrella", "car", "butterfly")]

    pictures = draw(model, prompts, seed=1, steps=8)
    blue, navy = (find_main_colour(picture) for picture in draw(model, ["blue car", "navy car"], seed=1, steps=8))

    obeyed = [text.startswith(find_dominant_colour(each)[0]) for text, each in zip(prompts, pictures, strict=True)]
    assert sum(obeyed) >= 10  # one of three butterflies keeps some of its colours
    assert navy[0] < blue[0] - 15  # lightness


def test_seeds_give_other_drawings_of_the_same_subject(model: Any) -> None:
    pictures = np.concatenate([draw(model, ["owl"], seed=seed, steps=8) for seed in range(1, 6)])

    assert measure_difference(pictures) > 0.05
    likeness = Likeness.open(BUILT_IN / LIKENESS, MODEL)
    subjects = sorted(read_names(SUBJECTS))
    own = [subjects.index("owl")] * len(pictures)
    assert (rank_subjects(likeness.embed_pictures(pictures), likeness.embed_texts(subjects), own) == 1).all()


def test_the_ground_is_white(model: Any) -> None:
    pictures = draw(model, ["strawberry", "rocket", "owl", "cactus"], seed=1, steps=8)

    assert pictures[:, :6, :6].mean() > 245


def test_the_corners_have_no_other_colour_than_the_ground(model: Any) -> None:
    pictures = draw(model, ["strawberry", "owl", "cactus", "butterfly"], seed=1, steps=8).astype(int)

    corners = pictures[:, [0, 0, -1, -1], [0, -1, 0, -1]]

    assert corners.min() >= 247  # the decoder once made them 24 to 87 levels darker


def test_the_folder_is_small_enough_for_a_repository() -> None:
    assert sum(path.stat().st_size for path in MODEL.rglob("*.safetensors")) <= 30e6
