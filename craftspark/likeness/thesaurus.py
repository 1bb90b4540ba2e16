"""The words that visitors search with, and the names of pictures that they mean.

`python -m gpu_tasks.training thesaurus` writes the file, from the captions of Emojibase and the nouns of WordNet.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "thesaurus.txt.gz"

LEAST_PART = 3  # letters of a word that was written together with another one
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
LEAST_CORRECTED = 4  # letters: too many shorter words are one letter apart
# Endings of English plurals, and of their singulars. Of the forms of a word, those that are words are right.
PLURALS = (
    *(("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", ""), ("mice", "mouse"), ("men", "man")),
    *(("feet", "foot"), ("teeth", "tooth"), ("geese", "goose"), ("children", "child"), ("i", "us")),
)


@dataclass(frozen=True)
class Meaning:
    """What a word means: a picture with a name of `kinds` shows it, and `near` weights the names akin to it."""

    kinds: Sequence[str]
    near: Mapping[str, float]


class Thesaurus:
    """Knows words by their letters, so `ice-cream`, `icecream` and `ice cream` are one."""

    def __init__(self, text: str) -> None:
        names, looks, frames, english, *lines = text.split("\n")
        self._names = names.split("\t")
        self.looks, self.frames = frozenset(looks.split()), frozenset(frames.split())
        self._english = frozenset(english.split())
        parts = (line.partition("\t") for line in lines)
        self._entries = {letters: entry for letters, _, entry in parts}
        # What makers use most comes first in the file.
        self._rank = {letters: rank for rank, letters in enumerate(self._entries)}

    def find(self, letters: str) -> str | None:
        """The letters of the entry of a word, of its singular or of its plural."""
        forms = forms_of(letters) if letters else ()
        return next((form for form in forms if form in self._entries), None)

    def read(self, letters: str) -> Meaning:
        """The meaning of an entry."""
        near, _, kinds = self._entries[letters].partition("\t")
        weights = (each.partition(":") for each in near.split())
        return Meaning(
            [self._names[int(number)] for number in kinds.split()],
            {self._names[int(number)]: int(share) / 100 for number, _, share in weights},
        )

    def split(self, letters: str) -> tuple[str, str] | None:
        """The two words that were written as one: those that makers use most."""
        if letters in self._english:
            return None
        parts = ((letters[:place], letters[place:]) for place in range(LEAST_PART, len(letters) - LEAST_PART + 1))
        found = [
            (max(self._rank[first], self._rank[second]), pair)
            for pair in parts
            if (first := self.find(pair[0])) and (second := self.find(pair[1]))
        ]
        return min(found)[1] if found else None

    def correct(self, letters: str) -> str | None:
        """The letters of the entry that is one typing error away: the word that makers use most."""
        if len(letters) < LEAST_CORRECTED or letters in self._english:
            return None
        found = {edit for edit in edits_of(letters) if edit in self._entries}
        found = found or {form for edit in edits_of(letters) if (form := self.find(edit))}
        return min(found, key=self._rank.__getitem__, default=None)


@cache
def load() -> Thesaurus:
    """The thesaurus, read once for each process."""
    return Thesaurus(gzip.decompress(FILE.read_bytes()).decode())


def letters_of(text: str) -> str:
    """The letters of a text in lower case, without anything between them."""
    return re.sub(r"[\W\d_]", "", text.casefold())


@lru_cache(4096)
def forms_of(word: str) -> tuple[str, ...]:
    """A word, what could be its singulars, and what could be its plurals."""
    singulars = [word.removesuffix(many) + one for many, one in PLURALS if word.endswith(many)]
    plurals = [word.removesuffix(one) + many for many, one in PLURALS if word.endswith(one)]
    return (word, *singulars, *plurals)


def edits_of(word: str) -> Iterator[str]:
    """What a word is after one typing error: a letter less, more or another one, or two exchanged."""
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        for letter in ALPHABET:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
