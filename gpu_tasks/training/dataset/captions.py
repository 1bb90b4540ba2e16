"""Captions for pictures: the words people use for a thing, and its colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gpu_tasks.training.dataset.colours import NAMES
from gpu_tasks.training.dataset.picture import Picture

TEMPLATES = (
    "a {}",
    "the {}",
    "{} clipart",
    "{} sticker",
    "a picture of a {}",
    "cute {}",
    "{} on white background",
    "a drawing of a {}",
)
COLOURED = ("{} {}", "{} {}", "a {} {}", "{} {} clipart", "a picture of a {} {}", "cute {} {}", "{} {} sticker")
# A synonym that more subjects share than this names none of them.
SUBJECTS_A_SYNONYM = 3
# A dataset gives the words of every day first: these are written with the templates too.
EVERYDAY = 3
VOWELS = ("a", "e", "i", "o", "u")


class Captions:
    """What each picture of one dataset may be called.

    A synonym stands alone only where it names few subjects: "fruit" alone would teach a mixture of them all.
    """

    def __init__(self, pictures: Sequence[Picture]) -> None:
        names = {picture.name for picture in pictures}
        named = {(picture.name, word) for picture in pictures for word in picture.synonyms}
        uses = Counter(word for _, word in named)
        taken = names | {*NAMES}
        self._naming = {word for word, count in uses.items() if count <= SUBJECTS_A_SYNONYM and word not in taken}

    def words(self, picture: Picture) -> list[str]:
        """The name, then what can stand for it."""
        return list(dict.fromkeys([picture.name, *(word for word in picture.synonyms if word in self._naming)]))

    def plain(self, picture: Picture) -> list[str]:
        """Captions without a colour of their own; the commoner stand more than once, for a uniform draw."""
        name, *others = self.words(picture)
        pairs = [", ".join([name, *picture.synonyms[first : first + 2]]) for first in (0, 2, 4)]
        return [
            *[name] * 4,
            *(written(template, name) for template in TEMPLATES),
            *(text for word in others for text in (word, written("a {}", word))),
            *(written(template, word) for word in others[:EVERYDAY] for template in TEMPLATES[2:5]),
            *dict.fromkeys(pairs),
        ]

    def coloured(self, picture: Picture, colour: str) -> list[str]:
        """Captions that name the colour measured in the picture, in place of one that the name has."""
        words = [without_colour(word) for word in self.words(picture)]
        name, *others = dict.fromkeys(word for word in words if word)
        return [
            *(written(template, colour, name) for template in COLOURED),
            f"{name}, {colour}",
            *(f"{colour} {word}" for word in others[:EVERYDAY]),
            *(written("a {} {}", colour, word) for word in others[:EVERYDAY]),
        ]


def without_colour(name: str) -> str:
    """ "red apple" is an apple; empty where nothing is left, or where the thing has many colours by its nature."""
    words = name.split()
    return "" if "rainbow" in words else " ".join(word for word in words if word not in NAMES)


def written(template: str, *words: str) -> str:
    """The template with its words, `a` before a vowel as `an`."""
    article = "an {}" if words[0].startswith(VOWELS) else "a {}"
    return template.replace("a {}", article, 1).format(*words)
