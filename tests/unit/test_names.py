"""Names of makers: which ones look the same."""

import pytest

from craftspark.errors import InvalidInput
from craftspark.gallery.names import check_name, holds_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "aNN"),
        ("Ann", "\u0410nn"),  # Cyrillic
        ("Nina", "\u039dina"),  # Greek, of which only the capital looks so
        ("Ann", "\uff21\uff4e\uff4e"),  # full width
        ("Ann", "\U0001d400\U0001d427\U0001d427"),  # mathematical
        ("Ann", "A\u200dn\u0336n"),  # with a joiner and a stroke
        ("Ann Bell", "Ann_Bell"),
        ("Mila", "MiIa"),
        ("Lola", "L0LA"),
        ("Carmen", "Carrnen"),
        ("\u041d\u0438\u043d\u0430", "\u043d\u0438\u043d\u0430"),  # Cyrillic in two cases
        ("\u2605\u2605", "\u2605 \u2605"),
    ],
)
def test_names_that_look_the_same_hold_the_same(one: str, other: str) -> None:
    assert holds_of(one) & holds_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "Anne"),
        ("Ann", "\u00c4nn"),
        ("Nina", "Vina"),
        ("\u2605", "\u2665"),
        ("\u0915\u093f", "\u0915\u0940"),  # Devanagari, with other vowels
        ("\u7d75\u672c", "\u7d75\u753b"),
    ],
)
def test_names_that_look_different_hold_nothing_together(one: str, other: str) -> None:
    assert not holds_of(one) & holds_of(other)


@pytest.mark.parametrize(
    "name",
    [
        "craftspark",
        "Cr\u00e4ftspark",
        "CRAFT-SPARK.",
        "Ann of Craftspark",
        "Admin",
        "\u00c1dmin",
        "Ann Support",
        "Ad-min",
        "H e l p desk",
        "Kunden service",
        "Mod\u00e9rateur",
    ],
)
def test_names_of_the_service_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_name(name)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    "name", ["Ann", "Crafty Ann", "Spark of Joy", "Supporter", "Badminton", "Ad Minerva", "Mod Podge", "\u2605"]
)
def test_other_names_are_free(name: str) -> None:
    check_name(name)
