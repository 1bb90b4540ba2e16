"""When a launched worker leaves: after it has had no work for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from craftspark.aws.jobs.speed import AWAKE_S


class Announcements(Protocol):
    """Says whether this worker takes batches from its pool's queue."""

    def announce(self, *, awake: bool) -> bool:
        """Report it. Returns whether the report was written."""


class IdleLimit:
    """The time without work after which a worker leaves.

    After `idle_s` without work, the worker withdraws its report, so that new jobs do not count on it. A submission can
    still know the earlier report. So the worker continues for `leave_s`, and stays if work comes. If the report could
    not be withdrawn, it continues until nobody trusts the report any more. `idle` returns the seconds without work, 0
    while there is some.
    """

    def __init__(
        self,
        *,
        idle_s: float,
        leave_s: float,
        idle: Callable[[], float],
        announcements: Announcements,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._idle_s = idle_s
        self._leave_s = leave_s
        self._idle = idle
        self._announcements = announcements
        self._now = now
        self._awake = False
        self._leaves_at: float | None = None

    def start(self) -> None:
        """Announce, once, that the worker takes batches from the queue from now on."""
        if not self._awake:
            self._awake, self._leaves_at = True, None
            self._announcements.announce(awake=True)

    def reached(self) -> bool:
        """Return whether the worker leaves now."""
        idle_s = self._idle()
        if idle_s < self._idle_s or not idle_s:
            return False
        if self._leaves_at is None:
            written = self._announcements.announce(awake=False)
            self._awake = False
            self._leaves_at = self._now() + self._leave_s + (0 if written else AWAKE_S)
        return self._now() >= self._leaves_at
