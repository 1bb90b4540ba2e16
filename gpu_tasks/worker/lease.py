"""The lease: how long this worker may keep its machine."""

import threading
import time
from collections.abc import Callable

from craftspark.errors import SpotInterrupted

# The time to store the images of the last wave and to send the answers, in seconds.
DELIVERY_S = 3.0
FINAL_PAUSE_S = 0.5


class Lease:
    """The machine is available until `end` is called, and then for `grace_s` more seconds."""

    def __init__(self, *, grace_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._grace_s = grace_s
        self._now = now
        self._ends_at: float | None = None
        self._last_step = now()
        self._ended = threading.Event()

    @property
    def ended(self) -> bool:
        """Whether the machine is being taken back."""
        return self._ended.is_set()

    def end(self) -> None:
        """Start the grace period (SIGTERM, spot notice). Only the first call counts."""
        if self._ends_at is None:
            self._ends_at = self._now() + self._grace_s
            self._ended.set()

    def check(self, needs_s: float = 0.0) -> None:
        """Raise SpotInterrupted if work of `needs_s` seconds no longer fits into the grace period."""
        if self._ends_at is not None and self._now() + needs_s + DELIVERY_S > self._ends_at:
            raise SpotInterrupted("AWS is reclaiming the machine")

    def pause(self, seconds: float) -> bool:
        """Wait, but only briefly after the lease has ended. Returns whether time is left afterwards."""
        if self._ended.wait(seconds):
            threading.Event().wait(min(seconds, FINAL_PAUSE_S))
        return self._ends_at is None or self._now() + DELIVERY_S <= self._ends_at

    def touch(self) -> None:
        """Record that work was taken: the time since the last step starts again."""
        self._last_step = self._now()

    def idle_s(self) -> float:
        """Seconds since the last step."""
        return self._now() - self._last_step
