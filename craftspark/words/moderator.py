"""The word list moderator: refused words, phrases and combinations of themes, without the terms that crafters use."""

from collections.abc import Sequence
from dataclasses import dataclass

from craftspark.moderation import Objection
from craftspark.words.index import (
    CONCEPTS,
    CONTEXT,
    CONTEXT_BITS,
    FRAGMENT,
    NEEDS,
    NEEDS_BITS,
    SPEAKS,
    SPEAKS_BITS,
    STARTS,
    Rule,
    WordIndex,
    objection_of,
)
from craftspark.words.spelling import ODD, disguises_of, normalize, tokens_of

CONTEXT_REACH = 3


@dataclass(frozen=True, kw_only=True)
class WordModerator:
    """A Moderator with word lists in seven languages and some words of others. It calls no service."""

    index: WordIndex

    def objections(self, text: str) -> Sequence[Objection]:
        normal = normalize(text)
        found = self._read(normal)
        if ODD.search(normal):
            found += self._in_disguise(normal)
        return list(dict.fromkeys(found))

    def _read(self, normal: str) -> list[Objection]:
        tokens = tokens_of(normal)
        return Reading(self.index, tokens).objections() if self.index.may_object(tokens) else []

    def _in_disguise(self, normal: str) -> list[Objection]:
        """Refused words in disguise, and the objections to the text with all disguised words in plain letters."""
        found = []
        plain = normal
        for written, word, joined in disguises_of(normal):
            if objection := objection_of(self.index.code_of_refused(word, whole=joined)):
                found.append(Objection(reason=self.index.objections[objection], words=written))
            elif self.index.knows(word):
                plain = plain.replace(written, f" {word} ")
        if plain != normal:
            found += self._read(plain)
        return found


class Reading:
    """One text's tokens with their codes, after craft phrases are removed."""

    def __init__(self, index: WordIndex, tokens: Sequence[str]) -> None:
        self.index, self.tokens = index, tokens
        self.codes = [index.code_of(token) for token in tokens]
        self.languages = self.together = 0
        for code in self.codes:
            self.languages |= code >> SPEAKS & SPEAKS_BITS
        self.found: list[Objection] = []

    def objections(self) -> list[Objection]:
        self._read_phrases()
        for place, code in enumerate(self.codes):
            needs = code >> NEEDS & NEEDS_BITS
            if needs and not needs & self.languages:
                self.codes[place] = 0
        for place, code in enumerate(self.codes):
            if (objection := objection_of(code)) and not self._is_excused(place):
                self._object(objection, place, place)
            elif code & FRAGMENT:
                self._read_fragment(place)
            self.together |= self.codes[place]
        together = self.together
        for rule in self.index.rules:
            if together & rule.first and together & rule.second:
                self._apply(rule)
        return self.found

    def _object(self, objection: int, first: int, last: int) -> None:
        words = " ".join(self.tokens[first : last + 1])
        self.found.append(Objection(reason=self.index.objections[objection], words=words))

    def _read_phrases(self) -> None:
        """Recognise phrases, the longest first, which removes craft phrases."""
        place = 0
        while place < len(self.tokens):
            end = place
            if self.codes[place] & STARTS:
                following = self.tokens[place + 1] if place + 1 < len(self.tokens) else ""
                for phrase in self.index.phrases[self.tokens[place]]:
                    if phrase.rest and phrase.rest[0] != following:
                        continue
                    stop = place + 1 + len(phrase.rest)
                    if stop > end and tuple(self.tokens[place + 1 : stop]) == phrase.rest:
                        if objection := objection_of(phrase.code):
                            self._object(objection, place, stop - 1)
                        concepts = phrase.code & CONCEPTS - 1
                        self.codes[place:stop] = [concepts] * (stop - place)
                        end = stop
                        break
            place = max(end, place + 1)

    def _is_excused(self, place: int) -> bool:
        number = self.codes[place] >> CONTEXT & CONTEXT_BITS
        if not number:
            return False
        context = self.index.contexts[number]
        if context.languages & self.languages:
            return True
        for near in range(max(0, place - CONTEXT_REACH), min(len(self.tokens), place + CONTEXT_REACH + 1)):
            if near != place:
                token = self.tokens[near]
                if token in context.words or token.removesuffix("s") in context.words:
                    return True
                if self.codes[near] & context.concepts:
                    return True
        return False

    def _read_fragment(self, place: int) -> None:
        """Two tokens that form one refused word, where one of them is not a word."""
        for first in (place - 1, place):
            if 0 <= first < len(self.tokens) - 1:
                code = self.index.codes.get(self.tokens[first] + self.tokens[first + 1], 0)
                if objection := objection_of(code):
                    self._object(objection, first, first + 1)

    def _apply(self, rule: Rule) -> None:
        for first, code in enumerate(self.codes):
            if code & rule.first:
                start = first + 1 if rule.order == "before" else max(0, first - rule.within)
                for second in range(start, min(len(self.codes), first + rule.within + 1)):
                    if second != first and self.codes[second] & rule.second and self._is_connected(rule, first, second):
                        self._object(rule.objection, min(first, second), max(first, second))
                        return

    def _is_connected(self, rule: Rule, first: int, second: int) -> bool:
        between = self.codes[min(first, second) + 1 : max(first, second)]
        return rule.order == "near" or all(code & self.index.fillers for code in between)
