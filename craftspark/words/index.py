"""The index of the word lists: what is known of a word, encoded in one number and cached."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from craftspark.words.spelling import repeats_of

FILE = Path(__file__).with_name("index.json")

# The bits of a word's number: its concepts, its objection, the context that excuses it, the language it needs around
# it, the languages it is evidence of, and whether phrases start with it.
CONCEPTS = 1 << 32
OBJECTION, OBJECTION_BITS = 32, 0xF
CONTEXT, CONTEXT_BITS = 36, 0xFF
NEEDS, NEEDS_BITS = 44, 0xFF
SPEAKS, SPEAKS_BITS = 52, 0xFF
STARTS = 1 << 60
FRAGMENT = 1 << 61
ALARM = 1 << 62  # a refused phrase may start here

MIN_STEM, MAX_STEM = 3, 24
REMEMBERED, MAX_REMEMBERED_LENGTH = 50_000, 32
VOWELS = frozenset("aeiouy")
# Short complete words without a vowel: units, titles, sizes.
WHOLE = frozenset(["mr", "mrs", "ms", "dr", "st", "nd", "rd", "th", "cm", "mm", "km", "kg", "ml", "ft", "hr", "pm"])


def forms_of(word: str) -> tuple[str, ...]:
    """A word, and the singular forms that it may be the plural of."""
    if len(word) <= 3 or word[-1] != "s":
        return (word,)
    if word[-2] == "e" and word[-3] in "sxzh":
        return word, word[:-1], word[:-2]
    return word, word[:-1]


def objection_of(code: int) -> int:
    """The number of the objection to a word without context, or 0."""
    return code >> OBJECTION & OBJECTION_BITS


@dataclass(frozen=True, kw_only=True)
class Context:
    """What excuses a word: other words or concepts near it, or the language of the text."""

    words: frozenset[str]
    concepts: int
    languages: int


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Consecutive words with their own code. The code 0 marks a phrase that crafters use in a harmless sense."""

    rest: tuple[str, ...]
    code: int


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Two concepts together. `order` is "near" (within `within` words), "before", or `beside` (only fillers in
    between).
    """

    objection: int
    first: int
    second: int
    order: str
    within: int


@dataclass(frozen=True, kw_only=True)
class WordIndex:
    """The content of the word lists. `codes` are of whole words, `stems` of word beginnings, `parts` of parts of
    compounds.

    `openings` are the second words of refused phrases, by their first word.
    """

    objections: Sequence[str]
    codes: Mapping[str, int]
    stems: Mapping[str, int]
    parts: Mapping[str, int]
    phrases: Mapping[str, Sequence[Phrase]]
    contexts: Sequence[Context]
    rules: Sequence[Rule]
    fillers: int
    alarms: int
    openings: Mapping[str, frozenset[str]]
    masks: Mapping[int, Sequence[str]]
    remembered: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path = FILE) -> Self:
        """Read the index that `cdk_app.packaging.word_index` builds."""
        return cls.of(json.loads(file.read_bytes()))

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        masks: dict[int, list[str]] = {}
        for word, code in content["codes"].items():
            if len(word) >= 4 and objection_of(code) and word.isascii():
                masks.setdefault(len(word), []).append(word)
        return cls(
            objections=content["objections"],
            codes=content["codes"],
            stems=content["stems"],
            parts=content["parts"],
            phrases={
                first: [Phrase(rest=tuple(rest), code=code) for rest, code in phrases]
                for first, phrases in content["phrases"].items()
            },
            contexts=[
                Context(words=frozenset(words), concepts=concepts, languages=languages)
                for words, concepts, languages in content["contexts"]
            ],
            rules=[
                Rule(objection=objection, first=first, second=second, order=order, within=within)
                for objection, first, second, order, within in content["rules"]
            ],
            fillers=content["fillers"],
            alarms=content["alarms"],
            openings={
                first: frozenset(rest[0] for rest, code in phrases if code)
                for first, phrases in content["phrases"].items()
            },
            masks=masks,
        )

    def may_object(self, tokens: Sequence[str]) -> bool:
        """Whether an objection to these words is possible. Most texts need no further check."""
        raised = 0
        for token in tokens:
            raised |= self.code_of(token)
        raised &= self.alarms
        if raised != ALARM:
            return raised != 0
        # Ordinary words, such as colours, also start refused phrases.
        return any(following in self.openings.get(first, ()) for first, following in pairwise(tokens))

    def code_of(self, token: str) -> int:
        """The code of a token, or 0 for an unknown one."""
        code = self.remembered.get(token)
        if code is None:
            if len(self.remembered) >= REMEMBERED:
                self.remembered.clear()
            code = self._look_up(token)
            if len(token) <= MAX_REMEMBERED_LENGTH:
                self.remembered[token] = code
        return code

    def code_of_refused(self, word: str, *, whole: bool) -> int:
        """The code of a word that is refused without context, also with repeated letters, or 0.

        `whole` excludes stems and parts of compounds, which occur in many pairs of ordinary words.
        """
        if "*" in word:
            return self._unmask(word)
        if not whole:
            return self.code_of(word)
        for spelling in (word, *repeats_of(word)):
            for form in forms_of(spelling):
                if objection_of(code := self.codes.get(form, 0)):
                    return code
        return 0

    def knows(self, word: str) -> bool:
        """Whether a whole word is in the lists, as a word or in a phrase."""
        return any(form in self.codes for form in forms_of(word))

    def _look_up(self, token: str) -> int:
        if code := self._match(token):
            return code
        for spelling in repeats_of(token):
            if objection_of(code := self._match(spelling)):
                return code
        if len(token) <= 3 and token.isascii() and token not in WHOLE and not VOWELS & set(token):
            return FRAGMENT
        return 0

    def _match(self, token: str) -> int:
        if code := self.codes.get(token, 0):
            return code
        if len(token) >= MIN_STEM:
            for length in range(min(len(token), MAX_STEM), MIN_STEM - 1, -1):
                if code := self.stems.get(token[:length], 0):
                    return code
            for start in range(1, len(token) - MIN_STEM):
                for end in range(min(len(token), start + MAX_STEM), start + MIN_STEM, -1):
                    if code := self.parts.get(token[start:end], 0):
                        return code
        for form in forms_of(token)[1:]:
            if code := self.codes.get(form, 0):
                return code & ~(STARTS | ALARM)
        return 0

    def _unmask(self, mask: str) -> int:
        for word in self.masks.get(len(mask), ()):
            if all(hidden in ("*", letter) for hidden, letter in zip(mask, word, strict=True)):
                return self.codes[word]
        return 0
