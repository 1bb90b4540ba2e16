"""The encoder in NumPy gives the vectors of the one in PyTorch, which was trained."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from craftspark.likeness.encoder import load
from craftspark.likeness.files import ENCODERS, MODELS
from gpu_tasks.inference.encoders.likeness import Likeness
from gpu_tasks.inference.model_store import BUILT_IN

FILES = ENCODERS[0]
TEXTS = [
    "owl",
    "A Red  apple",
    "cute fox for kids",
    "",
    "don't: it's 1234!",
    "ÄÖ 漢字 🐈 straße Σίσυφος",
    "apple " * 50,
    "owl <|endoftext|> fox",
]


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def trained() -> Likeness:
    return Likeness.open(BUILT_IN / "craftspark-likeness", BUILT_IN / "craftspark-clipart-128")


def test_texts_have_the_same_vectors(trained: Likeness) -> None:
    np.testing.assert_allclose(load(FILES).embed_texts(TEXTS), trained.embed_texts(TEXTS), atol=2e-6)


def test_pictures_have_the_same_vectors(trained: Likeness) -> None:
    side = load(FILES).side
    pictures = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)

    np.testing.assert_allclose(load(FILES).embed_pictures(pictures), trained.embed_pictures(pictures), atol=2e-6)


def test_another_version_of_any_file_has_another_name(tmp_path: Path) -> None:
    for file in FILES.all:
        copy = tmp_path / file.relative_to(MODELS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    assert of_copies(tmp_path) == FILES.name

    names = set()
    for file in FILES.all:
        copy = tmp_path / file.relative_to(MODELS)
        copy.write_bytes(file.read_bytes() + b" ")
        names.add(of_copies(tmp_path))
        shutil.copy(file, copy)

    assert len(names - {FILES.name}) == len(FILES.all)


def of_copies(folder: Path) -> str:
    """The name of the version whose files are in a folder."""
    return replace(FILES, models=folder).name
