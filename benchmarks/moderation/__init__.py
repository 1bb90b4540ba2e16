"""The errors of local moderation: missed and wrongly refused prompts, of those that no rule was written from."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.entries import Entry
from craftspark.words.index import WordIndex
from craftspark.words.moderator import WordModerator

HERE = Path(__file__).parent
Half = Literal["rules", "held_out"]
HALVES: tuple[Half, ...] = ("rules", "held_out")


@dataclass(frozen=True, kw_only=True)
class Prompt:
    theme: str
    language: str
    text: str

    @property
    def half(self) -> Half:
        """The half of the prompt, by the hash of its text. Rules are written from one half, the other measures them."""
        return "held_out" if hashlib.sha256(self.text.encode()).digest()[0] % 2 else "rules"


def read_prompts(name: Literal["bad", "harmless"], half: Half) -> Iterator[Prompt]:
    lines = (HERE / f"{name}.tsv").read_text("utf-8").splitlines()[1:]
    for line in lines:
        theme, language, text = line.split("\t")
        prompt = Prompt(theme=theme, language=language, text=text)
        if prompt.half == half:
            yield prompt


def measure() -> list[Entry]:
    moderator = WordModerator(index=WordIndex.load())
    bad = list(read_prompts("bad", "held_out"))
    harmless = list(read_prompts("harmless", "held_out"))
    refused = sum(bool(moderator.objections(prompt.text)) for prompt in harmless)
    return [
        measure_misses(
            moderator, "moderation_missed_english", [prompt for prompt in bad if prompt.language == "en"], goal=0.15
        ),
        measure_misses(
            moderator, "moderation_missed_other", [prompt for prompt in bad if prompt.language != "en"], goal=0.30
        ),
        build_share("moderation_false_positives", refused, len(harmless), goal=0.02, beside={}),
    ]


def measure_misses(moderator: WordModerator, name: str, bad: list[Prompt], *, goal: float) -> Entry:
    themes = Counter(prompt.theme for prompt in bad if not moderator.objections(prompt.text))
    return build_share(name, themes.total(), len(bad), goal=goal, beside=dict(themes))


def build_share(name: str, count: int, of: int, *, goal: float, beside: dict[str, int]) -> Entry:
    return Entry(
        name=name,
        value=round(count / of, 4),
        goal=goal,
        better="lower",
        unit="share",
        beside={"prompts": of, **beside},
    )
