"""Vectors of pictures and texts, and the index that finds the nearest ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from craftspark.gallery.pictures import Picture

Vector = Sequence[float]


@dataclass(frozen=True, kw_only=True)
class IndexedPicture:
    """What an index has of a picture: a unit vector, and what a search can be limited to."""

    picture_id: str
    vector: Vector
    tool: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class NearPicture:
    """A picture that an index has found. `distance` is 1 - the cosine of the angle between the two vectors."""

    picture_id: str
    distance: float


class Reading(Protocol):
    """What the words of a search mean."""

    @property
    def vector(self) -> Vector:
        """The place in the index near which the wanted pictures are."""

    @property
    def is_known(self) -> bool:
        """Whether any of the words is known. If not, pictures near the vector need not show them."""

    @property
    def subjects(self) -> int:
        """How many subjects a wanted picture shows."""

    def count_said(self, text: str) -> int:
        """How many of the subjects a text names."""


class PictureIndex(Protocol):
    """An index of the vectors of one encoder."""

    def put(self, pictures: Sequence[IndexedPicture]) -> None:
        """Add or replace pictures."""

    def drop(self, picture_ids: Sequence[str]) -> None:
        """Remove pictures, if they are there."""

    def find_vector(self, picture_id: str) -> Vector | None:
        """The vector of a picture, or None."""

    def find_nearest(self, vector: Vector, number: int, *, tool: str | None, tag: str | None) -> list[NearPicture]:
        """The nearest pictures, the nearest first: at most `number`, of a tool and with a tag if given."""


def mean_direction(vectors: Sequence[Vector]) -> Vector:
    """The unit vector in the direction of the mean."""
    sums = [math.fsum(values) for values in zip(*vectors, strict=True)]
    length = math.hypot(*sums)
    return [value / length for value in sums] if length else list(vectors[0])


def describe(picture: Picture) -> list[str]:
    """What is said about a picture in public: its prompts if the maker shares them, else its title and its tags."""
    words = picture.words or {}
    prompts = [words.get("prompt"), *words.get("also", ())]
    return [str(prompt) for prompt in prompts if prompt] or [picture.title, *picture.tags]
