"""Profiles: makers as everybody sees them in the gallery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MIN_NAME, MAX_NAME = 2, 40


@dataclass(frozen=True, kw_only=True)
class NameRemoval:
    """Which name an administrator has removed, and why."""

    name: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OwnProfile:
    """A profile as its maker sees it. `removal` is there until the maker chooses another name."""

    author: str
    name: str | None
    removal: NameRemoval | None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A maker who has published. `since` is the first publication, `pictures` the number of public ones."""

    author: str
    name: str | None
    since: datetime
    pictures: int
