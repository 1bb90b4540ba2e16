"""Tags of pictures, and marks that are piled on letters."""

import pytest

from craftspark.gallery.pictures import parse_tag
from craftspark.parsing.texts import has_piled_marks

STORM = "\u0301\u0302\u0303\u0304\u0305\u0306"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        (" Red   APPLE ", "red apple"),
        ("cafe\u0301", "caf\u00e9"),
        ("\uff21\uff50\uff50\uff4c\uff45", "apple"),  # full width
        ("\ufb01sh", "fish"),  # a ligature
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"),  # Devanagari
        ("t-shirt", "t-shirt"),
    ],
)
def test_a_tag_has_one_form_of_its_letters(text: str, tag: str) -> None:
    assert parse_tag(text) == tag


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#apple", "remove the character #"),
        ("\U0001f34e", "remove the character U\\+1F34E"),
        ("a\u200bb", "remove the character U\\+200B"),
        ("---", "1 to 30 letters"),
        ("   ", "1 to 30 letters"),
        ("\u0301", "1 to 30 letters"),
        ("a" * 31, "1 to 30 letters"),
        (f"a{STORM}", "more than 4 marks"),
    ],
)
def test_what_is_no_tag_is_refused_with_what_to_change(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_tag(text)


@pytest.mark.parametrize(
    ("text", "piled"),
    [
        (f"Z{STORM}", True),
        (f"Z{STORM[:5]}", False),
        ("a\u0301" * 20, False),
        ("\u05e9\u05c1\u05bc\u05b4\u0596", False),  # Hebrew, fully pointed
        ("\u2764\ufe0f", False),
    ],
)
def test_a_letter_has_a_few_marks_at_most(text: str, piled: bool) -> None:
    assert has_piled_marks(text) == piled
