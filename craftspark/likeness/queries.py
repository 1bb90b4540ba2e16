"""What a visitor looks for: the words of a search, read with the thesaurus."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from craftspark.likeness.emoji import spell_emoji
from craftspark.likeness.parts import FUNCTION_WORDS
from craftspark.likeness.thesaurus import Meaning, Thesaurus, forms_of, letters_of

# Words of a request, in addition to those that any text has.
ASKING = frozenset(
    [
        *("i", "me", "you", "it", "is", "are", "some", "any", "that", "this", "these", "those", "have", "can", "do"),
        *("please", "find", "show", "give", "get", "looking", "search", "am", "need", "want", "like", "would", "from"),
        *("by", "or", "your", "our", "their", "his", "her", "its", "be", "s", "d", "im", "free", "there", "what"),
    ]
)
IGNORED = FUNCTION_WORDS | ASKING
WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
POSSESSIVE = re.compile(r"['\u2019]s?$")
MAX_WORDS = 16
MAX_LETTERS = 30  # of a word that is corrected
LONGEST = 4  # words of a term, as in `jack o lantern's face`
# How much other words count: the purpose of a picture, its look, and a thing after a preposition.
FRAME, LOOK, BESIDE = 0.25, 0.3, 0.6
PREPOSITIONS = frozenset({"for", "on", "in", "at", "by", "from"})
MAX_TEXTS = 48  # that are embedded for a search: those with the highest weights


@dataclass(frozen=True)
class Query:
    """`subjects` has the wanted subjects: for each, the sets of words of which what is said about a picture has one if
    the picture shows the subject. `texts` weights the texts whose mean direction leads to such pictures.

    If the thesaurus has none of the words, there are no texts, and the words together are the subject.
    """

    subjects: Sequence[Collection[frozenset[str]]]
    texts: Mapping[str, float]

    def count_said(self, text: str) -> int:
        """How many of the subjects a text names, in the singular or the plural."""
        words = {form for word in _split(text) for form in forms_of(word)}
        return sum(any(said <= words for said in subject) for subject in self.subjects)


@dataclass(frozen=True)
class Term:
    """Words that mean one thing."""

    words: tuple[str, ...]
    letters: str
    meaning: Meaning
    beside: bool

    @property
    def said_by(self) -> frozenset[frozenset[str]]:
        return frozenset([frozenset(self.words), *(frozenset(_split(kind)) for kind in self.meaning.kinds)])


def read_query(text: str, thesaurus: Thesaurus) -> Query:
    """Read the words of a search. Plurals, compounds and typing errors are folded."""
    words = _split(text)[:MAX_WORDS]
    known = [part for word in words for part in _correct(word, thesaurus)]
    terms = list(_list_terms(known, thesaurus))
    looks = [term for term in terms if term.letters in thesaurus.looks]
    frames = [term for term in terms if _is_frame(term, thesaurus)]
    things = [term for term in terms if term not in looks and term not in frames]
    subjects = [term for term in things if not term.beside] or things or frames or looks
    if not subjects:
        wanted = [word for word in words if word not in IGNORED]
        return Query([[frozenset(wanted)]] if wanted else [], {})
    texts: Counter[str] = Counter()
    for term in terms:
        weight = 1 if term in subjects else FRAME if term in frames else LOOK if term in looks else BESIDE
        length = sum(share**2 for share in term.meaning.near.values()) ** 0.5
        texts.update({name: weight * share / length for name, share in term.meaning.near.items()})
    for look, term in pairwise(terms):
        if look in looks and term in subjects and term.meaning.kinds:
            texts[" ".join([*look.words, term.meaning.kinds[0]])] += 1
    return Query([term.said_by for term in subjects], dict(texts.most_common(MAX_TEXTS)))


def _split(text: str) -> list[str]:
    """The words of a text in lower case, without accents, and of other forms of letters the plain ones."""
    letters = unicodedata.normalize("NFKD", spell_emoji(text))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return [POSSESSIVE.sub("", word) for word in WORD.findall(plain.casefold())]


def _correct(word: str, thesaurus: Thesaurus) -> tuple[str, ...]:
    if word in IGNORED or len(word) > MAX_LETTERS or not word.isalpha() or thesaurus.find(word):
        return (word,)
    corrected = thesaurus.correct(word)
    return (corrected,) if corrected else thesaurus.split(word) or (word,)


def _is_frame(term: Term, thesaurus: Thesaurus) -> bool:
    around = thesaurus.frames | thesaurus.looks
    return term.letters in thesaurus.frames or all(thesaurus.find(word) in around for word in term.words)


def _list_terms(words: Sequence[str], thesaurus: Thesaurus) -> Iterator[Term]:
    """The terms that the thesaurus has, the longest first at each place."""
    place, beside = 0, False
    while place < len(words):
        beside = beside or words[place] in PREPOSITIONS
        for end in range(min(len(words), place + LONGEST), place, -1):
            part = words[place:end]
            letters = thesaurus.find(letters_of("".join(part)))
            if letters and part[0] not in IGNORED and part[-1] not in IGNORED:
                yield Term(tuple(part), letters, thesaurus.read(letters), beside)
                break
        else:
            end = place + 1
        place = end
