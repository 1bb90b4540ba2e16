"""Feeds: the lists of the gallery, each newest first.

A feed is a list of rows that nothing else reads, and not a view of the pictures. So a page is one read of neighbouring
rows, however many pictures there are. The rows of a busy feed are split into periods, which bounds the size of a
partition, and written several times, which multiplies the reads that it can serve. A reader takes any one copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from craftspark.gallery.pictures import Picture

COPIES = 4
# No picture is older. A walk through a feed ends here.
FIRST_MONTH = "2026-11"
# The number of partitions for one page: years without a picture of a rare tag are skipped over several requests.
MAX_READS = 12
POSITION = re.compile(
    r"(newest|(tool|tag|author):[^|]{1,60})\|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z#[a-z2-7]{0,26}"
)


@dataclass(frozen=True)
class Feed:
    """A list of the gallery: all pictures, or those of one tool, tag or author."""

    kind: Literal["newest", "tool", "tag", "author"]
    of: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.of}" if self.of else self.kind

    @property
    def copies(self) -> int:
        """How often each row is written: a list that many visitors open is written several times."""
        return COPIES if self.kind in ("newest", "tool") else 1

    def partition(self, period: str, copy: int) -> str:
        """The key of the rows of a period in one copy."""
        return f"{self.name}#{period}#{copy}"

    def period_of(self, moment: str) -> str:
        """The period of a timestamp: a month, a year for a tag, and all time for an author."""
        length = {"newest": 7, "tool": 7, "tag": 4, "author": 0}[self.kind]
        return moment[:length]

    def periods_back(self, moment: str) -> Iterator[str]:
        """The periods from that of a timestamp back to the first one."""
        month = moment[:7]
        previous = None
        while month >= FIRST_MONTH:
            if (period := self.period_of(month)) != previous:
                yield period
            previous, month = period, _month_before(month)


def _month_before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02}"


def feeds_of(picture: Picture) -> list[Feed]:
    """The feeds that have a picture."""
    return [
        Feed("newest"),
        Feed("tool", picture.tool),
        Feed("author", picture.author),
        *(Feed("tag", tag) for tag in picture.tags),
    ]


def position_of(picture_id: str, published_at: str) -> str:
    """Where a picture is in each of its feeds, from a timestamp with milliseconds. Positions sort as text."""
    return f"{published_at}#{picture_id}"
