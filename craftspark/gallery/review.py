"""Reports, takedowns and appeals: how pictures that should not be public are found, hidden and shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from craftspark.contracts import Contract
from craftspark.gallery.pictures import Picture

Reason = Literal["copyright", "hate", "sexual", "violence", "spam", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)
# The weight of a report in the order of the review. Harm to people comes first.
WEIGHTS: Mapping[Reason, int] = {"hate": 5, "sexual": 5, "violence": 5, "copyright": 3, "spam": 1, "other": 1}
APPEAL_WEIGHT = 10  # somebody waits for the answer
MAX_STATEMENT = 1000
# Why a picture is not public.
TAKEDOWN, SUSPENSION = "takedown", "suspension"
State = Literal["public", "taken_down", "suspended"]


@dataclass(frozen=True, kw_only=True)
class Report(Contract):
    """What a maker reports about a picture."""

    reason: Reason
    words: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Takedown(Contract):
    """Why an administrator has taken a picture down. Its maker sees the reason and the words."""

    reason: Reason
    words: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Appeal(Contract):
    """What the maker says against a takedown. `dismissed_at` is set if an administrator has dismissed it."""

    words: str
    at: datetime
    dismissed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class KeptPicture:
    """A published picture, also while it is not public, and the decisions about it."""

    picture: Picture
    rank: int
    hidden_by: frozenset[str] = frozenset()
    takedown: Takedown | None = None
    appeal: Appeal | None = None

    @property
    def state(self) -> State:
        if self.takedown:
            return "taken_down"
        return "suspended" if self.hidden_by else "public"


@dataclass(frozen=True, kw_only=True)
class Review:
    """A picture that waits for an administrator, with its open reports by reason and some of their words."""

    kept: KeptPicture
    priority: int
    reports: Mapping[str, int]
    statements: tuple[Report, ...]
