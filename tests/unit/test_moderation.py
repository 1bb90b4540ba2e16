"""What the word list sees through, and what crafters may say."""

import pytest

from lambdas.moderation import WordList

WORDS = WordList()


@pytest.mark.parametrize(
    "text",
    [
        "fuck",
        "a cat that says FuCk",
        "f u c k",
        "f.u-c_k",
        "fu\u200bck",
        "fu\u0441k",  # Cyrillic
        "\uff46\uff55\uff43\uff4b",  # full width
        "f\u00fcck",
        "sh1t",
        "a$$hole",
        "fuuuuuck",
        "\U0001d487\U0001d496\U0001d484\U0001d48c",  # mathematical letters
    ],
)
def test_disguises_are_seen_through(text: str) -> None:
    assert WORDS.objections(text)


@pytest.mark.parametrize(
    "text",
    [
        "a cock and a hen on a fence",
        "garden hoe and rake",
        "blue tit on a pussy willow",
        "assassin bug",
        "bass guitar",
        "Scunthorpe",
        "cocktail glass",
        "shiitake mushroom",
        "peacock feather",
        "sextant and compass",
        "titmouse, coyote, moose and rosette",
        "a screwdriver, nuts and bolts",
    ],
)
def test_what_crafters_draw_is_not_refused(text: str) -> None:
    assert not WORDS.objections(text)
