"""What makers may say, and what the UNet has learned to draw for it.

The UNet learns from few captions, over and over. The text encoder learns the many ways to say them: everyday words,
kinds of a thing, fashions of asking, shades of a colour. Each phrase goes with the caption that it means. The two
differ in words of the same place, because a text encoder reads from left to right: what stands before a word cannot
depend on it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gpu_tasks.training.dataset.captions import COLOURED, EVERYDAY, TEMPLATES, Captions, without_colour, written
from gpu_tasks.training.dataset.colours import NAMES
from gpu_tasks.training.dataset.picture import Picture

# Shares of the phrases: of something else than the subjects, which keeps its meaning; with a colour; in the plural.
ELSE, WITH_COLOUR, PLURAL = 0.12, 0.25, 0.1
# Of a subject's phrases: by its name, by a kind of it; the others use an everyday word.
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
    """What is said, and the caption that it means."""

    said: str
    meant: str


@dataclass(frozen=True)
class Phrases:
    """An endless supply of phrases about a dataset's subjects.

    `words` has the everyday words of each subject by its name, `kinds` its kinds, and `others` are captions of other
    things.
    """

    words: Mapping[str, Sequence[str]]
    kinds: Mapping[str, Sequence[str]]
    others: Sequence[str]

    @classmethod
    def about(cls, subjects: Sequence[Picture], kinds: Mapping[str, str], others: Sequence[Picture]) -> Phrases:
        """A word that several subjects share goes to the one that it comes first for; a name is nobody else's."""
        captions = Captions(subjects)
        owner = best_owner(subjects)
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
        """As many phrases, the same ones for the same seed."""
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
        bare_name, bare_word = without_colour(name), without_colour(word)
        if bare_name and bare_word and chance.random() < WITH_COLOUR:
            colour = chance.choice(NAMES)
            shade = chance.choice((colour, colour, *SHADES[colour]))
            template = chance.choice(COLOURED)
            return Phrase(
                written(said_instead(template, chance), shade, bare_word), written(template, colour, bare_name)
            )
        if chance.random() < BARE:
            return Phrase(word, name)
        template = chance.choice(TEMPLATES)
        return Phrase(written(said_instead(template, chance), word), written(template, name))

    def _word(self, name: str, chance: random.Random) -> str:
        way = chance.random()
        if way < BY_NAME:
            word = name
        elif way < BY_NAME + BY_KIND and self.kinds[name]:
            word = chance.choice(self.kinds[name])
        else:
            word = chance.choice(self.words[name])
        return f"{word}s" if not word.endswith("s") and chance.random() < PLURAL else word


def best_owner(subjects: Sequence[Picture]) -> dict[str, str]:
    """The subject that each word stands for: the one of this name, else the one that is called so first of all."""
    owner: dict[str, tuple[int, str]] = {}
    for picture in subjects:
        for rank, word in enumerate((picture.name, *picture.synonyms)):
            owner[word] = min(owner.get(word, (rank, picture.name)), (rank, picture.name))
    return {word: name for word, (_, name) in owner.items()}


def said_instead(template: str, chance: random.Random) -> str:
    """The template, or another fashion of saying it that has as many words before the subject."""
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
