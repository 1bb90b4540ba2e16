"""The prompts of all evaluations: the same prompts for the same subjects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 20
SYNONYMS = Path(__file__).parents[1] / "dataset" / "synonyms.json"
NAMED_SHARE = 0.75  # the others use another word for the subject
TEMPLATES = ("{}", "{}", "a {}", "{} clipart")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple")
# Objects with one main colour that can have any colour, by their names in the dataset.
COLOUR_SUBJECTS = {
    **{name: name for name in ("t-shirt", "dress", "balloon", "umbrella", "butterfly", "fish", "bird", "scarf")},
    "car": "automobile",
    "apple": "red apple",
}


@dataclass(frozen=True)
class Prompt:
    """A text, the index of its subject, and the name of its colour if it has one."""

    text: str
    subject: int
    colour: str = ""
    everyday: bool = False


def build_subject_prompts(names: Iterable[str], count: int) -> tuple[list[str], list[Prompt]]:
    """Return the sorted names of all subjects, and prompts for as many different ones as possible, drawn with SEED.

    Three quarters use the subject's name, one quarter an everyday word that only this subject has.
    """
    subjects = sorted(set(names))
    draws = np.random.default_rng(SEED)
    named = draws.permutation(len(subjects)).tolist()[: round(count * NAMED_SHARE)]
    prompts = [
        Prompt(TEMPLATES[place % len(TEMPLATES)].format(subjects[subject]), subject)
        for place, subject in enumerate(named)
    ]
    words = find_everyday_words(subjects)
    chosen = draws.permutation(len(words)).tolist()[: count - len(prompts)]
    return subjects, prompts + [Prompt(words[i][0], subjects.index(words[i][1]), everyday=True) for i in chosen]


def find_everyday_words(subjects: Sequence[str]) -> list[tuple[str, str]]:
    """Return (word, subject) for words of only one subject: the first such word of each subject."""
    said = {name: words for name, words in json.loads(SYNONYMS.read_text()).items() if name in subjects}
    uses = Counter(word for words in said.values() for word in words)
    result = []
    for name in sorted(said):
        own = [word for word in said[name] if uses[word] == 1 and word not in subjects]
        result += [(own[0], name)] if own else []
    return result


def build_colour_prompts(subjects: Sequence[str]) -> list[Prompt]:
    """Return 60 prompts such as `blue apple` for ten objects, without those that are not subjects."""
    return [
        Prompt(f"{colour} {thing}", subjects.index(name), colour)
        for thing, name in COLOUR_SUBJECTS.items()
        if name in subjects
        for colour in COLOURS
    ]
