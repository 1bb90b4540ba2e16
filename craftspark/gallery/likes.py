"""Likes: each maker likes a picture once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from craftspark.errors import PictureNotFound
from craftspark.gallery.publishing import GalleryRecords

# What lists show of each power of ten. Below the first step, they show the exact number.
STEPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)


def shown_of(likes: int) -> int:
    """How many likes a list shows: rounded down from ten on, so that rows are seldom written again."""
    if likes < STEPS[0]:
        return max(likes, 0)
    power: int = 10 ** (len(str(likes)) - 2)
    return max(step * power for step in STEPS if step * power <= likes)


@dataclass(frozen=True, kw_only=True)
class Likes:
    """Whether a maker likes a picture, and how many do."""

    liked: bool
    likes: int


class LikeRecords(Protocol):
    """Who likes which picture."""

    def add(self, picture_id: str, maker: str) -> None:
        """Add a like, if it is not there. Raises AccountContended."""

    def drop(self, picture_id: str, maker: str) -> None:
        """Remove a like, if it is there. Raises AccountContended."""

    def has(self, picture_id: str, maker: str) -> bool:
        """Whether a maker likes a picture."""

    def count(self, picture_id: str) -> int:
        """How many makers like a picture."""


@dataclass(frozen=True, kw_only=True)
class Liking:
    """The use cases of makers who like pictures. All raise PictureNotFound for a picture that is not public.

    A picture that is taken back at the same moment keeps the like, and has it if it is published again.
    """

    pictures: GalleryRecords
    records: LikeRecords

    def read(self, picture_id: str, maker: str) -> Likes:
        self._check_public(picture_id)
        return Likes(liked=self.records.has(picture_id, maker), likes=self.records.count(picture_id))

    def like(self, picture_id: str, maker: str) -> Likes:
        self._check_public(picture_id)
        self.records.add(picture_id, maker)
        return Likes(liked=True, likes=self.records.count(picture_id))

    def unlike(self, picture_id: str, maker: str) -> Likes:
        self._check_public(picture_id)
        self.records.drop(picture_id, maker)
        return Likes(liked=False, likes=self.records.count(picture_id))

    def _check_public(self, picture_id: str) -> None:
        if picture_id not in self.pictures.find_public([picture_id]):
            raise PictureNotFound(f"there is no public picture {picture_id}", field="picture_id")
