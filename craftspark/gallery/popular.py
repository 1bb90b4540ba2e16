"""Popular pictures: the most liked of recent times, in lists that are renewed every minute.

The score of a picture does not change with time: its moment of publication is part of it, so newer pictures have higher
ones. Twice as many likes count as much as two days. Only a like that changes the rank changes the score.

A list is a snapshot of the highest scores, a generation. A visitor walks through one generation, so a picture that
gains likes meanwhile is neither shown twice nor missed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log2

from craftspark.gallery.feeds import COPIES
from craftspark.gallery.pictures import Picture

LISTED = 240  # pictures of a list
DOUBLING_S = 172_800  # so much newer equals twice the likes
# A generation can be walked through for so long. The current one is replaced before that.
LIFE = timedelta(hours=1)
POSITION = re.compile(
    r"popular(:[^|]{1,60})?\|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z#[0-9]{3}",
)


@dataclass(frozen=True)
class Ranking:
    """A list of popular pictures: of all tools, or of one."""

    tool: str = ""

    @property
    def name(self) -> str:
        return f"popular:{self.tool}" if self.tool else "popular"

    @property
    def candidates(self) -> str:
        """The partition of all pictures with their scores."""
        return f"hot:{self.tool}" if self.tool else "hot"

    def partition(self, generation: str, copy: int) -> str:
        """The key of the rows of a generation in one of COPIES copies."""
        return f"{self.name}#{generation}#{copy % COPIES}"


def rankings_of(picture: Picture) -> tuple[Ranking, ...]:
    """The rankings in which a picture is a candidate."""
    return Ranking(), Ranking(picture.tool)


def rank_of(likes: int) -> int:
    """The rounded logarithm of the likes: it changes rarely, however many there are."""
    return round(log2(1 + max(likes, 0)))


def score_of(rank: int, published_at: datetime) -> str:
    """The score of a picture, which sorts as text."""
    return f"{rank * DOUBLING_S + int(published_at.timestamp()):011}"
