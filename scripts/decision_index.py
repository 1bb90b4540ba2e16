"""`python -m scripts.decision_index`: write the table of docs/decisions/README.md from the records."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

DECISIONS = Path(__file__).resolve().parent.parent / "docs" / "decisions"
HEAD = re.compile(r"# (?P<number>\d+)\. (?P<title>.+)\n\nStatus: (?P<status>.+)\n\n")
TABLE_HEAD = "| no. | decision | status |\n|---|---|---|\n"


@dataclass(frozen=True)
class Record:
    """One decision: its number, title and status line, and the headings of its sections in order."""

    file: str
    number: int
    title: str
    status: str
    sections: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record. Raises ValueError if it does not start like the template."""
        text = path.read_text()
        head = HEAD.match(text)
        if head is None:
            raise ValueError(f"{path.name} does not start with '# N. Title', an empty line and 'Status: ...'")
        sections = tuple(re.findall(r"^## (.+)$", text, re.MULTILINE))
        return cls(path.name, int(head["number"]), head["title"], head["status"], sections)


def read_records(folder: Path = DECISIONS) -> list[Record]:
    """Read all records, in the order of their numbers. Raises ValueError as `Record.read` does."""
    return [Record.read(path) for path in sorted(folder.glob("[0-9]*.md"))]


def insert_table(index: str, listed: list[Record]) -> str:
    """The text of the index with one row per record. The text before the table does not change."""
    introduction, _, _ = index.partition(TABLE_HEAD)
    rows = [f"| {record.number} | [{record.title}]({record.file}) | {record.status} |\n" for record in listed]
    return introduction + TABLE_HEAD + "".join(rows)


if __name__ == "__main__":
    index = DECISIONS / "README.md"
    index.write_text(insert_table(index.read_text(), read_records()))
