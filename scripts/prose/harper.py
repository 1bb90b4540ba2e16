"""Harper, the grammar checker, with the rules of `style.toml` and the words of `words.txt`."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.prose.passages import Passage

HERE = Path(__file__).parent

# Names of classes, services, units and files are not in a dictionary: JobSettled, EC2, vCPUs, SIGTERM.
NAME = re.compile(r"\w*(?:[a-z][A-Z]|[A-Z]{2}|\d)\w*")

# Of Harper's own 900 rules, those whose findings are almost always right.
# LongSentences allows 40 words. QuantifierNumeralConflict finds "some" before a number.
OWN_RULES = (
    "AnA",
    "AnAnother",
    "DoubleModal",
    "ItsContraction",
    "LongSentences",
    "ModalOf",
    "QuantifierNumeralConflict",
    "RepeatedWords",
    "SpellCheck",
    "ThenThan",
    "ToTo",
    "UnclosedQuotes",
)
MANIFEST = {"author": "Craftspark", "version": "1", "description": "Craftspark's style", "license": "Apache-2.0"}


@dataclass(frozen=True)
class Rule:
    """One rule of our style: the expression that it finds, the words to write instead, and example sentences."""

    name: str
    find: str
    say: tuple[str, ...]
    bad: tuple[str, ...]
    good: tuple[str, ...]

    def to_weir(self) -> str:
        """The rule in Weir, Harper's language for rules."""
        message = "write " + " or ".join(self.say)
        replacements = ", ".join(json.dumps(words) for words in self.say)
        return (
            f"expr main {self.find}\n"
            f"let message {json.dumps(message)}\n"
            f"let description {json.dumps(message)}\n"
            'let kind "WordChoice"\n'
            f"let becomes [{replacements}]\n"
        )


# Harper must find it after each document.
END = Rule("EndOfDocument", "endofdocument", ("nothing",), (), ())


@dataclass(frozen=True)
class Finding:
    """One finding of Harper: the rule, the words and their place."""

    place: str
    rule: str
    words: str
    message: str

    def __str__(self) -> str:
        return f'{self.place}: "{" ".join(self.words.split())[:80]}": {self.message} [{self.rule}]'


def read_rules() -> list[Rule]:
    """Read our rules, in the order of `style.toml`."""
    tables = tomllib.loads((HERE / "style.toml").read_text())
    return [
        Rule(name, table["find"], tuple(table["say"]), tuple(table["bad"]), tuple(table.get("good", ())))
        for name, table in tables.items()
    ]


def read_words() -> list[str]:
    """Read the words that Harper's dictionary lacks. `check` adds the names that occur in a text."""
    return [line for line in (HERE / "words.txt").read_text().splitlines() if line and not line.startswith("#")]


def check(documents: Sequence[Sequence[Passage]], rules: Iterable[Rule]) -> list[Finding]:
    """Run Harper on the documents. Returns its findings in order. Raises RuntimeError if Harper does not run, or does
    not read to the end of a document, such as after a block of code without an end.

    Harper reads the rules again for each file, so all documents are one file, each with END after it.
    """
    rules = [*rules, END]
    lines = [(place, line) for document in documents for place, line in _list_lines(document)]
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with zipfile.ZipFile(folder / "style.weirpack", "w") as pack:
            pack.writestr("manifest.json", json.dumps(MANIFEST))
            for rule in rules:
                pack.writestr(f"{rule.name}.weir", rule.to_weir())
        words = [*_build_dictionary(documents), END.find]
        (folder / "words.txt").write_text("".join(f"{word}\n{word}'s\n" for word in words))
        (folder / "documents.md").write_text("".join(f"{line}\n" for _, line in lines))
        found = _run(folder, [place for place, _ in lines], [*OWN_RULES, *(rule.name for rule in rules)])
    read = {finding.place for finding in found if finding.rule == END.name}
    if unread := [document[0].places[0] for document in documents if document[-1].places[-1] not in read]:
        raise RuntimeError(
            f"Harper does not read to the end of {unread[0]}: is a block of code or a comment not closed?"
        )
    return [finding for finding in found if finding.rule != END.name]


def _list_lines(document: Sequence[Passage]) -> Iterator[tuple[str, str]]:
    """The lines of a document with their places. A blank line is after each passage, and END after the last one."""
    for passage in document:
        yield from zip(passage.places, passage.text.splitlines() or [""], strict=True)
        yield passage.places[-1], ""
    yield document[-1].places[-1], END.find
    yield document[-1].places[-1], ""


def _build_dictionary(documents: Sequence[Sequence[Passage]]) -> list[str]:
    """Our words and the names in the texts. Harper accepts one spelling of a word, so a listed one excludes others."""
    listed = read_words()
    known = {word.lower() for word in listed}
    names = {name for document in documents for passage in document for name in NAME.findall(passage.text)}
    return [*listed, *sorted(name for name in names if name.lower() not in known)]


def _run(folder: Path, places: Sequence[str], rules: Sequence[str]) -> list[Finding]:
    """Check `documents.md`. `places` has the place of each of its lines."""
    command = (
        *(sys.executable, "-m", "harper", "lint", "--quiet", "--no-color", "--format", "json"),
        *("--dialect", "british", "--only", ",".join(rules)),
        *("--weirpacks", str(folder / "style.weirpack"), "--user-dict-path", str(folder / "words.txt")),
        *("--file-dict-path", str(folder / "none"), str(folder / "documents.md")),
    )
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        (report,) = json.loads(process.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(process.stderr.partition("Stack backtrace")[0]) from None
    return [
        Finding(places[lint["line"] - 1], lint["rule"], lint["matched_text"], lint["message"])
        for lint in sorted(report["lints"], key=lambda lint: lint["span"]["char_start"])
    ]
