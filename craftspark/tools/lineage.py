"""Lineage: the published pictures that a job starts from, as they were at its submission.

It is part of the job, so the attribution and the terms stay when a picture is unpublished before its remix is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_ANCESTORS = 8


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Pictures by their ID, the nearest first: the parent, other sources, and the parent's own ancestors.

    `root` is where the line of parents starts. `bound` is the strictest licence of other makers' pictures among them,
    or None.
    """

    ancestors: tuple[str, ...]
    root: str
    bound: str | None = None

    @property
    def parent(self) -> str:
        return self.ancestors[0]


class Origins(Protocol):
    """Finds the published pictures that requests name."""

    def find(self, maker: str, picture_id: str, *, field: str) -> Lineage:
        """The lineage of a remix of a public picture. `field` of the request names it. Raises InvalidInput."""

    def strictest(self, bounds: Sequence[str | None]) -> str | None:
        """The strictest of these licences."""


def merge(origins: Origins, found: Sequence[Lineage]) -> Lineage | None:
    """The lineage of a job that starts from several pictures, of which the first is the parent. None for none."""
    if not found:
        return None
    first, *others = found
    parents = [each.parent for each in others]
    ancestors = tuple(dict.fromkeys([first.parent, *parents, *first.ancestors[1:]]))[:MAX_ANCESTORS]
    return Lineage(ancestors=ancestors, root=first.root, bound=origins.strictest([each.bound for each in found]))
