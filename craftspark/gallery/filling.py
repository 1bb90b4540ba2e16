"""Filling: an index that is new gets the pictures that were published before it, from the newest to the oldest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from craftspark.gallery.feeds import Feed
from craftspark.gallery.pictures import Picture

PAGE = 100
# In a run. One run a minute queues about as many pictures as the indexing handles in a minute, so that a new picture
# does not wait long behind them.
PAGES = 50
DONE = "done"


class Pages(Protocol):
    """The lists of the gallery."""

    def page(self, feed: Feed, limit: int, after: str | None) -> tuple[list[Picture], str | None]:
        """See craftspark.gallery.publishing.GalleryRecords."""


class Progress(Protocol):
    """How far each index is filled: a position in the newest pictures, or DONE."""

    def read(self, index: str) -> str | None:
        """The position, or None before the first run."""

    def write(self, index: str, position: str | None) -> None:
        """Store a position; None fills the index again."""


class Queue(Protocol):
    """The queue of the indexing."""

    def send(self, picture_ids: Sequence[str]) -> None:
        """Queue pictures to be indexed."""


@dataclass(frozen=True, kw_only=True)
class Filling:
    """Queues the pictures of indexes that are not full. A run that is interrupted continues with its last page."""

    indexes: Sequence[str]
    lists: Pages
    progress: Progress
    queue: Queue

    def begin_again(self) -> None:
        """Fill all indexes again, for example because the queue has lost messages."""
        for index in self.indexes:
            self.progress.write(index, None)

    def run(self, has_time: Callable[[], bool]) -> int:
        """Queue the next pages of each index that is not full. Returns the number of pictures."""
        return sum(self._run(index, has_time) for index in self.indexes)

    def _run(self, index: str, has_time: Callable[[], bool]) -> int:
        position, queued = self.progress.read(index), 0
        for _ in range(PAGES):
            if position == DONE or not has_time():
                break
            pictures, after = self.lists.page(Feed("newest"), PAGE, position)
            self.queue.send([picture.picture_id for picture in pictures])
            queued += len(pictures)
            position = after or DONE
            self.progress.write(index, position)
        return queued
