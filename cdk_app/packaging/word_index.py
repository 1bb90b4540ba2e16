"""The index of word lists that a submission's moderation reads: built from `word_lists/` when Lambdas are packaged."""

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from craftspark.words import index as words
from craftspark.words.spelling import normalize, tokens_of

ROOT = Path(__file__).resolve().parents[2]
LISTS = ROOT / "word_lists"
MODULE = Path("craftspark/words/index.py")  # a package with this module needs the index next to it
INDEX = Path("craftspark/words/index.json")

LANGUAGES = ("en", "es", "de", "fr", "nl", "pt", "it")
# The lists of glin-profanity that are read in addition to ours, without the words that ours call ordinary.
MAINTAINED = {
    "en": "english",
    "es": "spanish",
    "de": "german",
    "fr": "french",
    "nl": "dutch",
    "pt": "portuguese",
    "it": "italian",
}
DEFAULT_OBJECTION = "offensive words"


class WordListInvalid(Exception):
    """A word list names something that does not exist; the message says where."""


@dataclass
class Builder:
    """Collects the entries of the lists, as the codes of `craftspark.words.index`."""

    objections: list[str]
    concepts: dict[str, int]
    codes: dict[str, int] = field(default_factory=dict)
    stems: dict[str, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    phrases: dict[tuple[str, ...], int] = field(default_factory=dict)
    spoken: dict[str, set[str]] = field(default_factory=dict)  # the languages whose lists have a word
    contexts: list[tuple[list[str], int, int]] = field(default_factory=lambda: [([], 0, 0)])

    def encode_objection(self, name: str) -> int:
        if name not in self.objections:
            raise WordListInvalid(f"there is no objection {name!r}; rules.toml has {', '.join(self.objections[1:])}")
        return self.objections.index(name) << words.OBJECTION

    def encode_concept(self, name: str) -> int:
        if name not in self.concepts:
            raise WordListInvalid(f"there is no concept {name!r}; rules.toml has {', '.join(self.concepts)}")
        return self.concepts[name]

    def add(self, entry: str, code: int, *, language: str) -> None:
        """Add an entry of a list: a word, a stem (`word*`), a compound's part (`*word*`), or a phrase.

        `word@` counts only in a text of its language, `word!` only when it is spelled with its `ñ`.
        """
        if "ñ" in entry and not entry.endswith("!"):  # many keyboards lack it
            self.add(entry.replace("ñ", "n"), code, language=language)
        if entry.endswith("@"):
            code |= encode_language(language) << words.NEEDS
        form = entry.rstrip("@!")
        tokens = tuple(tokens_of(normalize(form)))
        if "*" in form:
            check_stem(form, tokens)
        if len(tokens) > 1:
            self.phrases[tokens] = merge_codes(self.phrases.get(tokens, 0), code)
            return
        if not tokens:
            return
        tables = [self.codes]
        if form.endswith("*"):
            tables = [self.stems]
        if form.startswith("*"):
            tables.append(self.parts)
        for table in tables:
            table[tokens[0]] = merge_codes(table.get(tokens[0], 0), code)
            known = code & (words.CONCEPTS - 1 & ~self.concepts["filler"] | words.OBJECTION_BITS << words.OBJECTION)
            if known:
                # A word that needs a sign of its language is no sign itself.
                spoken = "" if entry.endswith("@") else language
                self.spoken.setdefault(tokens[0], set()).add(spoken)

    def add_craft_phrase(self, tokens: tuple[str, ...]) -> None:
        for form in (tokens, (*tokens[:-1], f"{tokens[-1]}s")):
            self.phrases.setdefault(form, 0)

    def build_content(self, rules: Iterable[Mapping[str, Any]], fillers: int, alarms: int) -> dict[str, Any]:
        """The index in its JSON form."""
        for table in (self.codes, self.stems):
            for word in table:
                if len(spoken := self.spoken.get(word, ())) == 1 and (language := min(spoken)) not in ("", "en"):
                    table[word] |= encode_language(language) << words.SPEAKS
        for stem in sorted(self.stems, key=len):  # a longer stem includes the codes of the shorter ones
            self.stems[stem] = combine_codes(self.stems[stem], self._find_stem_code(stem[:-1]))
        offensive = self.encode_objection(DEFAULT_OBJECTION)
        for word, code in self.codes.items():
            # A word without its own objection gets that of its stem. So does a word of the maintained lists, which have
            # only the default objection.
            if code & words.OBJECTION_BITS << words.OBJECTION in (0, offensive):
                self.codes[word] = combine_codes(code, self._find_stem_code(word))
        by_first: dict[str, list[tuple[list[str], int]]] = {}
        for phrase, code in sorted(self.phrases.items(), key=lambda item: (-len(item[0]), item[0])):
            by_first.setdefault(phrase[0], []).append((list(phrase[1:]), code))
        for first, phrases in by_first.items():
            # The first word of a phrase may be in no list. If the phrase is refused, its first word raises the alarm.
            refused = words.ALARM if any(code for _, code in phrases) else 0
            self.codes[first] = self._inherit_code(first) | words.STARTS | refused
        return {
            "objections": self.objections,
            "codes": dict(sorted(self.codes.items())),
            "stems": dict(sorted(self.stems.items())),
            "parts": dict(sorted(self.parts.items())),
            "phrases": dict(sorted(by_first.items())),
            "contexts": self.contexts,
            "rules": [
                [
                    self.objections.index(rule["objection"]),
                    self.encode_concept(rule["together"][0]),
                    self.encode_concept(rule["together"][1]),
                    rule["order"],
                    rule["within"],
                ]
                for rule in rules
            ],
            "fillers": fillers,
            "alarms": alarms,
        }

    def _inherit_code(self, word: str) -> int:
        """A word's code, or the code of its stem or singular, which a separate code for the word would hide."""
        forms = words.forms_of(word)[1:]
        singular = next((self.codes[form] for form in forms if form in self.codes), 0) & ~words.STARTS
        return self.codes.get(word, 0) or self._find_stem_code(word) or singular

    def _find_stem_code(self, word: str) -> int:
        """The code of the longest stem with which a word starts."""
        for length in range(min(len(word), words.MAX_STEM), words.MIN_STEM - 1, -1):
            if word[:length] in self.stems:
                return self.stems[word[:length]]
        return 0


def check_stem(form: str, tokens: tuple[str, ...]) -> None:
    """Raise WordListInvalid for a stem or a part that the index would never look up."""
    least = words.MIN_STEM + form.startswith("*")
    if len(tokens) != 1 or not least <= len(tokens[0]) <= words.MAX_STEM:
        raise WordListInvalid(
            f"{form!r} would match nothing: a * needs one word of {least} to {words.MAX_STEM} letters next to it"
        )


def combine_codes(one: int, other: int) -> int:
    """Merge two codes of a word. If only one of them needs a language, return the first."""
    needs = words.NEEDS_BITS << words.NEEDS
    return one if (one ^ other) & needs and other else merge_codes(one, other)


def merge_codes(one: int, other: int) -> int:
    """Merge two codes of the same word. The result needs a language only if both codes need one."""
    if not one or not other:
        return one | other
    needs = words.NEEDS_BITS << words.NEEDS
    free = not one & needs or not other & needs
    objection = max(one >> words.OBJECTION & words.OBJECTION_BITS, other >> words.OBJECTION & words.OBJECTION_BITS)
    both = (one | other) & ~(words.OBJECTION_BITS << words.OBJECTION)
    both |= objection << words.OBJECTION
    return both & ~needs if free else both


def encode_language(language: str) -> int:
    return 1 << LANGUAGES.index(language)


def build_word_index(lists: Path = LISTS) -> bytes:
    """The index of these lists, the same bytes for the same lists; raises WordListInvalid."""
    rules = read_list(lists / "rules.toml")
    craft = read_list(lists / "craft.toml")
    if 1 << len(rules["concepts"]) > words.CONCEPTS or len(rules["objections"]) > words.OBJECTION_BITS:
        raise WordListInvalid("rules.toml has more concepts or objections than a word's number has room for")
    builder = Builder(
        objections=["", *rules["objections"]],
        concepts={name: 1 << number for number, name in enumerate(rules["concepts"])},
    )
    languages = [
        read_list(file) for file in sorted(lists.glob("*.toml")) if file.name not in ("rules.toml", "craft.toml")
    ]
    for content in languages:
        add_language(builder, content)
    for pattern in (
        *craft["phrases"],
        *(each for content in languages for each in content.get("craft", {}).get("phrases", ())),
    ):
        for phrase in fill_slots(pattern, craft["slots"]):
            builder.add_craft_phrase(phrase)
    for adjective in craft["adjective"]:
        for first, second in product(adjective["words"], adjective["before"]):
            builder.add_craft_phrase((first, *tokens_of(normalize(second))))
    for context in craft["context"]:
        add_context(builder, context)
    alarms = words.ALARM | words.FRAGMENT | words.OBJECTION_BITS << words.OBJECTION
    for name in rules["alarms"]:
        alarms |= builder.encode_concept(name)
    content = builder.build_content(rules["rule"], builder.encode_concept("filler"), alarms)
    return (json.dumps(content, ensure_ascii=False, indent=0, separators=(",", ":")) + "\n").encode()


def add_language(builder: Builder, content: Mapping[str, Any]) -> None:
    language = content["language"]
    if language:
        for word in read_maintained(language, content["ordinary"]):
            builder.add(word, builder.encode_objection(DEFAULT_OBJECTION), language=language)
        for word in content["signs"]:
            builder.add(word, encode_language(language) << words.SPEAKS, language=language)
    for word in content["fillers"]:
        builder.add(word, builder.encode_concept("filler"), language=language)
    for objection, entries in content["refuse"].items():
        for entry in entries:
            builder.add(entry, builder.encode_objection(objection), language=language)
    for concept, entries in content.get("concepts", {}).items():
        for entry in entries:
            builder.add(entry, builder.encode_concept(concept), language=language)


def add_context(builder: Builder, context: Mapping[str, Any]) -> None:
    """Let nearby words or the text's language excuse a word."""
    number = len(builder.contexts)
    if number > words.CONTEXT_BITS:
        raise WordListInvalid(f"craft.toml has more than {words.CONTEXT_BITS} contexts")
    near = sorted({normalize(word) for word in context["near"]})
    concepts = sum(builder.encode_concept(name) for name in context.get("concepts", ()))
    languages = sum(encode_language(name) for name in context.get("languages", ()))
    builder.contexts.append((near, concepts, languages))
    for word in context["words"]:
        # Only the whole word is excused: longer words that start with it keep their codes.
        builder.codes[word] = (
            builder._inherit_code(word) & ~(words.CONTEXT_BITS << words.CONTEXT) | number << words.CONTEXT
        )


def read_maintained(language: str, ordinary: Iterable[str]) -> Iterator[str]:
    """The words of the maintained list of a language, without the ordinary ones."""
    file = files("glin_profanity") / "data" / "dictionaries" / f"{MAINTAINED[language]}.json"
    left_out = {normalize(word) for word in ordinary}
    for word in json.loads(file.read_text("utf-8"))["words"]:
        normal = normalize(word)
        if normal not in left_out and all(char.isalpha() or char in " -'" for char in normal):
            yield word


def fill_slots(pattern: str, slots: Mapping[str, list[str]]) -> Iterator[tuple[str, ...]]:
    """The phrases that a pattern with `{slot}` stands for."""
    parts = [slots[part[1:-1]] if part.startswith("{") else [part] for part in pattern.split()]
    for chosen in product(*parts):
        yield tuple(tokens_of(normalize(" ".join(chosen))))


def read_list(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise WordListInvalid(f"{file.name}: {error}") from error


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(build_word_index())
