"""Consecutive parts of a sequence: a wave is at most as many images as one call of the model draws."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def split_chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the items in order, `size` at a time. The last chunk can be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
