"""Lineage: the published pictures that a job starts from, as they were at its submission.

It is part of the job, so the attribution and the terms stay when a picture is unpublished before its remix is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

MAX_SOURCES = 12  # of one request
# All pictures that a request can name, its parent and its sources, and the first of each of their lines.
MAX_ANCESTORS = 2 * (1 + MAX_SOURCES)


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Pictures by their ID: the parent, the other sources, where the lines of these start, and the ancestors between.

    `root` is where the line of parents starts. `bound` is the strictest licence of other makers' pictures among them,
    or None.
    """

    ancestors: tuple[str, ...]
    root: str
    bound: str | None = None

    @property
    def parent(self) -> str:
        return self.ancestors[0]

    @property
    def pictures(self) -> tuple[str, ...]:
        """The pictures that are known: the nearest first, the root last."""
        return pictures_of(self.ancestors, self.root)


class Origins(Protocol):
    """Finds the published pictures that requests name."""

    def find(self, maker: str, picture_id: str, *, field: str) -> Lineage:
        """The lineage of a remix of a public picture. `field` of the request names it. Raises InvalidInput."""

    def strictest(self, bounds: Sequence[str | None]) -> str | None:
        """The strictest of these licences."""

    def may_publish(self, lineage: Lineage) -> bool:
        """Whether images that come from these pictures can be published: not after a takedown of one of them."""


def pictures_of(ancestors: Sequence[str], root: str | None) -> tuple[str, ...]:
    """Ancestors and the root, each once."""
    return tuple(dict.fromkeys((*ancestors, *((root,) if root else ()))))


def merge(origins: Origins, found: Sequence[Lineage]) -> Lineage | None:
    """The lineage of a job that starts from several pictures, of which the first is the parent. None for none.

    It has all of them, and the roots of all. Of the ancestors between, it has the nearest.
    """
    if not found:
        return None
    named, *steps = zip_longest(*(each.ancestors for each in found))
    between = [picture_id for step in steps for picture_id in step if picture_id]
    known = dict.fromkeys([*named, *(each.root for each in found[1:]), *between])
    return Lineage(
        ancestors=tuple(known)[:MAX_ANCESTORS],
        root=found[0].root,
        bound=origins.strictest([each.bound for each in found]),
    )
