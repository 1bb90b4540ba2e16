"""Activities of the worker, and when each of them last made progress.

Code that works calls `record_activity` each time that it makes progress: after a denoising step, a tile, a traced
colour, or a part of a file that is encoded, read or sent. It needs no argument, because an activity belongs to the
thread that runs it.
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
    """Work in progress in one thread. Another thread calls `abandon` if only this activity makes no progress."""

    name: str
    active_at: float
    now: Callable[[], float]
    abandon: Callable[[], None]
    abandoned: bool = False


_current: ContextVar[Activity | None] = ContextVar("activity", default=None)


def record_activity(silent_s: float = 0.0) -> None:
    """Record progress of this thread's activity, if the thread has one.

    `silent_s` is for work that cannot record progress: the seconds that it may take.
    """
    if activity := _current.get():
        activity.active_at = activity.now() + silent_s


class Activities:
    """All activities of one worker. `now` returns seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._active_at = now()
        self._active: set[Activity] = set()
        self._lock = threading.Lock()

    @contextmanager
    def track(self, name: str, abandon: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Run the block as an activity of this thread. Its start and its end count as progress."""
        activity = Activity(name, self._now(), self._now, abandon)
        with self._lock:
            self._active.add(activity)
        token = _current.set(activity)
        try:
            yield
        finally:
            _current.reset(token)
            with self._lock:
                self._active.discard(activity)
            self.touch()

    def touch(self) -> None:
        """Record progress outside an activity: work was taken."""
        self._active_at = self._now()

    @property
    def names(self) -> list[str]:
        """The names of the activities in progress."""
        with self._lock:
            return sorted(activity.name for activity in self._active)

    def idle_s(self) -> float:
        """Seconds since the last progress of any activity."""
        with self._lock:
            return self._now() - max([self._active_at, *(activity.active_at for activity in self._active)])

    def abandon_stuck(self, after_s: float) -> None:
        """Abandon each activity that has made no progress for more than `after_s` seconds, once."""
        with self._lock:
            stuck = [each for each in self._active if not each.abandoned and self._now() - each.active_at > after_s]
            for activity in stuck:
                activity.abandoned = True
        for activity in stuck:
            activity.abandon()


class TrackedBytes(io.BytesIO):
    """Bytes in memory. Each read and each write counts as progress."""

    def read(self, size: int | None = -1, /) -> bytes:
        record_activity()
        return super().read(size)

    def write(self, content: ReadableBuffer, /) -> int:
        record_activity()
        return super().write(content)
