"""Phrases that makers use, and the captions that the UNet knows for them.

The UNet learns from few captions. The text encoder learns the many ways to express them: everyday words, kinds of an
object, forms of a request, shades of a colour. Each phrase has a caption with the same meaning. The two differ in words
at the same position, because a text encoder reads from left to right: words before a position do not depend on it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gpu_tasks.training.dataset.captions import COLOURED, EVERYDAY, TEMPLATES, Captions, fill_template, remove_colour
from gpu_tasks.training.dataset.colours import NAMES
from gpu_tasks.training.dataset.picture import CaptionedPicture

# Shares of phrases: about other objects, whose meaning stays; with a colour; in the plural.
ELSE, WITH_COLOUR, PLURAL = 0.12, 0.25, 0.1
# Shares of a subject's phrases: with its name, with a kind of it. The others use an everyday word.
BY_NAME, BY_KIND = 0.3, 0.2
BARE = 0.4  # without a template

ADJECTIVES = (
    *("cute", "kawaii", "happy", "little", "small", "big", "funny", "simple", "pretty", "adorable", "lovely", "sweet"),
    *("cartoon", "vintage", "watercolour", "watercolor", "retro", "modern", "flat", "fancy", "beautiful", "magical"),
    *("smiling", "boho", "minimalist", "colourful", "colorful", "festive", "spooky", "christmas", "baby", "wild"),
)
NOUNS = (
    *("clipart", "clip art", "sticker", "stickers", "svg", "png", "icon", "illustration", "vector", "cartoon"),
    *("drawing", "design", "emoji", "art", "graphic", "cut file", "silhouette", "decal", "print", "logo", "image"),
    "picture",
)
MAKINGS = (
    *("picture", "drawing", "photo", "image", "painting", "illustration", "cartoon", "sketch", "sticker"),
    "graphic",
)
GROUNDS = ("on white background", "on a white background", "on white", "isolated", "with white background")
SHADES = {
    "red": ("crimson", "scarlet", "ruby", "maroon", "dark red", "bright red"),
    "orange": ("amber", "peach", "tangerine coloured", "bright orange"),
    "yellow": ("gold", "golden", "lemon yellow", "mustard", "bright yellow"),
    "green": ("lime", "emerald", "olive", "dark green", "light green", "mint", "sage"),
    "blue": ("navy", "navy blue", "sky blue", "turquoise", "teal", "cyan", "light blue", "dark blue", "royal blue"),
    "purple": ("violet", "lilac", "lavender", "magenta", "plum"),
    "pink": ("rose pink", "hot pink", "pastel pink", "fuchsia", "light pink"),
    "brown": ("tan", "beige", "chocolate brown", "dark brown"),
    "black": ("jet black", "ebony"),
    "grey": ("gray", "silver"),
    "white": ("ivory", "snow white", "cream"),
}


@dataclass(frozen=True)
class Phrase:
    """A phrase, and the caption that it means."""

    said: str
    meant: str


@dataclass(frozen=True)
class Phrases:
    """An endless supply of phrases about a dataset's subjects.

    `words` has the everyday words of each subject by name, `kinds` its kinds, and `others` are captions of other
    objects.
    """

    words: Mapping[str, Sequence[str]]
    kinds: Mapping[str, Sequence[str]]
    others: Sequence[str]

    @classmethod
    def about(
        cls, subjects: Sequence[CaptionedPicture], kinds: Mapping[str, str], others: Sequence[CaptionedPicture]
    ) -> Phrases:
        """Build the phrases. A shared word belongs to the subject that lists it first; a name belongs only to its own
        subject.
        """
        captions = Captions(subjects)
        owner = assign_words(subjects)
        words = {}
        for picture in subjects:
            naming = {*captions.words(picture), *picture.synonyms[:EVERYDAY]}
            own = [word for word in picture.synonyms if word in naming and owner[word] == picture.name]
            words[picture.name] = own or [picture.name]
        taken = {*owner, *NAMES}
        of_thing: dict[str, list[str]] = {picture.name: [] for picture in subjects}
        for kind, thing in kinds.items():
            if kind not in taken:
                of_thing[thing].append(kind)
        elsewhere = {word for picture in others for word in (picture.name, *picture.synonyms)} - {*owner, *kinds}
        return cls(words, of_thing, sorted(elsewhere))

    def draw(self, count: int, seed: int) -> list[Phrase]:
        """Draw `count` phrases. The same seed gives the same phrases."""
        chance = random.Random(seed)  # noqa: S311 - no secret
        subjects = sorted(self.words)
        return [
            self._other(chance)
            if self.others and chance.random() < ELSE
            else self._about(chance.choice(subjects), chance)
            for _ in range(count)
        ]

    def _other(self, chance: random.Random) -> Phrase:
        text = chance.choice(self.others)
        return Phrase(text, text)

    def _about(self, name: str, chance: random.Random) -> Phrase:
        word = self._word(name, chance)
        bare_name, bare_word = remove_colour(name), remove_colour(word)
        if bare_name and bare_word and chance.random() < WITH_COLOUR:
            colour = chance.choice(NAMES)
            shade = chance.choice((colour, colour, *SHADES[colour]))
            template = chance.choice(COLOURED)
            return Phrase(
                fill_template(rephrase(template, chance), shade, bare_word), fill_template(template, colour, bare_name)
            )
        if chance.random() < BARE:
            return Phrase(word, name)
        template = chance.choice(TEMPLATES)
        return Phrase(fill_template(rephrase(template, chance), word), fill_template(template, name))

    def _word(self, name: str, chance: random.Random) -> str:
        way = chance.random()
        if way < BY_NAME:
            word = name
        elif way < BY_NAME + BY_KIND and self.kinds[name]:
            word = chance.choice(self.kinds[name])
        else:
            word = chance.choice(self.words[name])
        return f"{word}s" if not word.endswith("s") and chance.random() < PLURAL else word


def assign_words(subjects: Sequence[CaptionedPicture]) -> dict[str, str]:
    """Return the subject of each word: the one with this name, or the one that lists the word first."""
    owner: dict[str, tuple[int, str]] = {}
    for picture in subjects:
        for rank, word in enumerate((picture.name, *picture.synonyms)):
            owner[word] = min(owner.get(word, (rank, picture.name)), (rank, picture.name))
    return {word: name for word, (_, name) in owner.items()}


def rephrase(template: str, chance: random.Random) -> str:
    """Return the template, or another form of it with the same number of words before the subject."""
    if chance.random() < 0.5:
        return template
    if template.startswith("cute "):
        return template.replace("cute", chance.choice(ADJECTIVES), 1)
    for making in ("a picture of", "a drawing of"):
        if template.startswith(making):
            return template.replace(making.split()[1], chance.choice(MAKINGS), 1)
    for noun in ("clipart", "sticker"):
        if template.endswith(noun):
            return template.replace(noun, chance.choice(NOUNS))
    return template.replace("on white background", chance.choice(GROUNDS))
