"""Signs of life: what the worker does at the moment, and when each of it last moved.

Whatever works calls `moved` wherever it gets on: a denoising step, a tile, a colour that is traced, a part of a file
that is encoded, read or sent. It needs no handle for that, because an activity belongs to the thread that does it.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


@dataclass(eq=False)
class Activity:
    """Work under way in one thread. `give_up` is called where it alone stands still, by another thread."""

    name: str
    moved_at: float
    now: Callable[[], float]
    give_up: Callable[[], None]
    given_up: bool = False


_current: ContextVar[Activity | None] = ContextVar("activity", default=None)


def moved() -> None:
    """The activity of this thread, if there is one, gets on."""
    if activity := _current.get():
        activity.moved_at = activity.now()


class Activities:
    """All that one worker does at the same time. `now` is in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._moved_at = now()
        self._under_way: set[Activity] = set()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, name: str, give_up: Callable[[], None] = lambda: None) -> Iterator[None]:
        """The block is an activity of this thread; its beginning and its end are signs of life."""
        activity = Activity(name, self._now(), self._now, give_up)
        with self._lock:
            self._under_way.add(activity)
        token = _current.set(activity)
        try:
            yield
        finally:
            _current.reset(token)
            with self._lock:
                self._under_way.discard(activity)
            self.touch()

    def touch(self) -> None:
        """Something moved that is no activity: work was taken."""
        self._moved_at = self._now()

    @property
    def names(self) -> list[str]:
        """What is under way."""
        with self._lock:
            return sorted(activity.name for activity in self._under_way)

    def idle_s(self) -> float:
        """Seconds since anything moved."""
        with self._lock:
            return self._now() - max([self._moved_at, *(activity.moved_at for activity in self._under_way)])

    def give_up_stuck(self, after_s: float) -> None:
        """Give up, once each, the activities that have not moved for `after_s` seconds."""
        with self._lock:
            stuck = [each for each in self._under_way if not each.given_up and self._now() - each.moved_at > after_s]
            for activity in stuck:
                activity.given_up = True
        for activity in stuck:
            activity.give_up()


class MovingBytes(io.BytesIO):
    """Bytes in memory; whoever reads or writes a part of them gets on."""

    def read(self, size: int | None = -1, /) -> bytes:
        moved()
        return super().read(size)

    def write(self, content: ReadableBuffer, /) -> int:
        moved()
        return super().write(content)
