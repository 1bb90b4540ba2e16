"""Drawings are compared with the subjects that their prompts name."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from craftspark.errors import ModelUnavailable
from gpu_tasks.images.drawing import Drawing, make_drawing, reseed
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.subject_check import SUBJECTS, SubjectCheck, Vocabulary
from gpu_tasks.training.dataset.dataset import read_names
from gpu_tasks.training.evaluation.evaluate import SUBJECTS as TRAINED
from gpu_tasks.training.evaluation.prompts import SYNONYMS
from tests.gpu.rendering import MODEL, an_order_of, silent, studio

FOLDER = BUILT_IN / MODEL.name
WORDS = {
    "cat": ["kitten"],
    "dog": ["puppy"],
    "house": [],
    "house with garden": ["cottage"],
    "red apple": ["apple"],
    "cherries": ["cherry"],
    "fox": [],
}


@pytest.fixture(scope="module")
def check() -> SubjectCheck:
    found = SubjectCheck.of_model(FOLDER)
    assert found
    return found


def draw(prompt: str, seed: int = 3) -> Drawing:
    [drawn] = studio().render([an_order_of("picture", seed, json.dumps({"prompt": prompt}))], silent)
    assert isinstance(drawn, Drawing)
    return drawn


@pytest.mark.parametrize(
    ("prompt", "subjects"),
    [
        ("a watercolour Kitten, svg", ["cat"]),
        ("house with garden", ["house with garden"]),
        ("a house with a cat", ["house", "cat"]),
        ("two puppies and two foxes", ["fox"]),  # only regular plurals
        ("blue apples", ["red apple"]),
        ("cherries", ["cherries"]),
        ("lighthouse", []),
        ("", []),
    ],
)
def test_the_subjects_of_a_prompt_are_found_by_their_longest_words(prompt: str, subjects: list[str]) -> None:
    assert Vocabulary(WORDS).find(prompt) == subjects


def test_the_list_of_the_built_in_model_has_the_subjects_and_words_of_its_training() -> None:
    listed = json.loads((FOLDER / SUBJECTS).read_text())
    words = json.loads(SYNONYMS.read_text())

    assert listed.keys() == read_names(TRAINED)
    assert listed == {name: words.get(name, []) for name in listed}


@pytest.mark.parametrize("prompt", ["cute rocket clipart", "a kitten", "blue butterfly", "cup of coffee"])
def test_a_drawing_of_its_subject_has_a_score_and_no_flaw(prompt: str) -> None:
    drawn = draw(prompt)

    assert drawn.flaw is None
    assert drawn.scores["likeness"] > 0.2


def test_a_drawing_of_another_subject_is_flawed(check: SubjectCheck) -> None:
    octopus = draw("octopus")

    judged = check.judge(make_drawing(octopus.pixels, 1), "a cute rocket")

    assert judged.flaw
    assert judged.flaw.reason == "it may not show rocket"
    assert judged.flaw.redrawn
    assert judged.flaw.subject_missing
    assert not judged.flaw.fatal
    assert judged.scores["likeness"] < 0.2


def test_another_seed_is_not_tried_for_words_without_a_subject() -> None:
    drawn = draw("a typewriter", seed=5)

    assert drawn.seed == 5
    assert drawn.flaw
    assert "no subject" in drawn.flaw.reason
    assert drawn.flaw.subject_missing
    assert studio().finish(an_order_of("picture", 5, '{"prompt": "a typewriter"}'), drawn).warning == drawn.flaw.reason


def test_a_missed_subject_is_drawn_again_with_the_second_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    octopus = draw("octopus").pixels
    order = an_order_of("picture", 3, '{"prompt": "rocket"}')
    seeds: list[int] = []
    renderer = studio()._renderers["picture"]
    diffusion = renderer._diffusion  # type: ignore[attr-defined]
    real = diffusion.draw

    def first_miss(sketches, settings, on_step):  # type: ignore[no-untyped-def]
        seeds.append(sketches[0].seed)
        return [octopus] if len(seeds) == 1 else real(sketches, settings, on_step)

    monkeypatch.setattr(diffusion, "draw", first_miss)

    [drawn] = studio().render([order], silent)

    assert isinstance(drawn, Drawing)
    assert seeds == [3, reseed(order).seed]
    assert drawn.seed == seeds[1]
    assert drawn.flaw is None


def test_a_drawing_in_a_style_has_no_score() -> None:
    order = an_order_of("picture", 3, '{"prompt": "rocket", "style": "bold-flat"}')

    [drawn] = studio().render([order], silent)

    assert isinstance(drawn, Drawing)
    assert "likeness" not in drawn.scores


def test_a_model_without_a_list_has_no_check_and_another_text_encoder_is_refused(tmp_path: Path) -> None:
    assert SubjectCheck.of_model(tmp_path) is None
    shutil.copytree(FOLDER, tmp_path / "model")
    weights = tmp_path / "model" / "text_encoder" / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    with pytest.raises(ModelUnavailable, match="another model"):
        SubjectCheck.of_model(tmp_path / "model")


def test_a_score_does_not_depend_on_the_number_of_threads(check: SubjectCheck) -> None:
    picture = np.asarray(draw("owl").pixels)
    threads = torch.get_num_threads()
    scores = []
    for count in (1, 2):
        torch.set_num_threads(count)
        scores.append(check.judge(make_drawing(picture, 1), "owl").scores["likeness"])
    torch.set_num_threads(threads)

    assert scores[0] == scores[1]
