"""Captions of pictures: common words for an object, and its colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gpu_tasks.training.dataset.colours import NAMES
from gpu_tasks.training.dataset.picture import CaptionedPicture

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
# A synonym that more subjects share is not used.
MAX_SUBJECTS_PER_SYNONYM = 3
# The first words of a dataset are everyday words, which are also used in templates.
EVERYDAY = 3
VOWELS = ("a", "e", "i", "o", "u")


class Captions:
    """The captions of each picture in a dataset.

    A synonym is used only if it names few subjects: "fruit" would teach a mixture of all fruits.
    """

    def __init__(self, pictures: Sequence[CaptionedPicture]) -> None:
        names = {picture.name for picture in pictures}
        named = {(picture.name, word) for picture in pictures for word in picture.synonyms}
        uses = Counter(word for _, word in named)
        taken = names | {*NAMES}
        self._naming = {word for word, count in uses.items() if count <= MAX_SUBJECTS_PER_SYNONYM and word not in taken}

    def words(self, picture: CaptionedPicture) -> list[str]:
        """Return the name and its synonyms."""
        return list(dict.fromkeys([picture.name, *(word for word in picture.synonyms if word in self._naming)]))

    def list_plain(self, picture: CaptionedPicture) -> list[str]:
        """Return captions without an added colour. Common captions appear several times, for a uniform draw."""
        name, *others = self.words(picture)
        pairs = [", ".join([name, *picture.synonyms[first : first + 2]]) for first in (0, 2, 4)]
        return [
            *[name] * 4,
            *(fill_template(template, name) for template in TEMPLATES),
            *(text for word in others for text in (word, fill_template("a {}", word))),
            *(fill_template(template, word) for word in others[:EVERYDAY] for template in TEMPLATES[2:5]),
            *dict.fromkeys(pairs),
        ]

    def list_coloured(self, picture: CaptionedPicture, colour: str) -> list[str]:
        """Return captions with the measured colour, which replaces a colour in the name."""
        words = [remove_colour(word) for word in self.words(picture)]
        name, *others = dict.fromkeys(word for word in words if word)
        return [
            *(fill_template(template, colour, name) for template in COLOURED),
            f"{name}, {colour}",
            *(f"{colour} {word}" for word in others[:EVERYDAY]),
            *(fill_template("a {} {}", colour, word) for word in others[:EVERYDAY]),
        ]


def remove_colour(name: str) -> str:
    """Remove the colour from a name, such as "red apple". Returns an empty string if nothing is left or the object has
    many colours.
    """
    words = name.split()
    return "" if "rainbow" in words else " ".join(word for word in words if word not in NAMES)


def fill_template(template: str, *words: str) -> str:
    """Fill a template, with `an` before a vowel."""
    article = "an {}" if words[0].startswith(VOWELS) else "a {}"
    return template.replace("a {}", article, 1).format(*words)
