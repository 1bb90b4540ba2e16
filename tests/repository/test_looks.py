"""Studio shows each preset and each style by a picture, with a title in each of its languages."""

import json
from itertools import product
from pathlib import Path

import pytest

from craftspark.models.catalogue import find_model
from craftspark.tools.picture import PRESETS

SHARED = Path(__file__).parents[2] / "web/studio/src/shared"
LOOKS = [preset.name for preset in PRESETS] + [style.name for style in find_model("craftspark-clipart-128").styles]


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_has_a_picture(look: str) -> None:
    assert (SHARED / f"tools/pictures/preset-{look}.webp").is_file()


@pytest.mark.parametrize(("look", "language"), list(product(LOOKS, ("en", "de"))))
def test_a_look_has_a_title_in_each_language(look: str, language: str) -> None:
    texts = json.loads((SHARED / f"text/{language}.json").read_text())
    assert texts.get(f"look.{look}")
