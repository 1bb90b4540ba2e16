"""`python -m scripts.release_notes TAG`: print the changelog's section for a release.

The tag must be the version of the code, and the section must have a date.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from craftspark.version import VERSION

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
HEADING = re.compile(r"^## (?P<version>\d+\.\d+\.\d+) - (?P<date>unreleased|\d{4}-\d{2}-\d{2})$", re.MULTILINE)


class NotReleasable(Exception):
    """The tag, the version and the changelog do not agree."""


@dataclass(frozen=True)
class Section:
    """The changes of a version. `date` is an ISO date, or `unreleased`."""

    version: str
    date: str
    text: str


def parse_sections(changelog: str) -> list[Section]:
    """The changelog's sections, newest first."""
    headings = list(HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    return [
        Section(heading["version"], heading["date"], changelog[heading.end() : end].strip())
        for heading, end in zip(headings, ends, strict=True)
    ]


def select_release_notes(tag: str, *, version: str, changelog: str) -> str:
    """The Markdown for the release of this tag. Raises NotReleasable."""
    if tag != f"v{version}":
        raise NotReleasable(f"The tag is {tag}, but craftspark/version.py says {version}")
    released = next((section for section in parse_sections(changelog) if section.version == version), None)
    if released is None:
        raise NotReleasable(f"CHANGELOG.md has no section '## {version} - YYYY-MM-DD'")
    if released.date == "unreleased":
        raise NotReleasable(f"CHANGELOG.md says that {version} is unreleased; put the date in its heading")
    if not released.text:
        raise NotReleasable(f"The section {version} of CHANGELOG.md is empty")
    return released.text + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(select_release_notes(sys.argv[1], version=VERSION, changelog=CHANGELOG.read_text()))
    except NotReleasable as error:
        sys.exit(str(error))
