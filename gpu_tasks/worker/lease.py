"""How long this machine is ours."""

import threading
import time
from collections.abc import Callable

from craftspark.errors import SpotInterrupted

# What it takes, after the last wave, to store its images and answer its tokens, in seconds.
DELIVERY_S = 3.0
MOMENT_S = 0.5


class Lease:
    """Ours until `end` is called, and then for `grace_s` seconds more. Also knows when the last step was made."""

    def __init__(self, *, grace_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._grace_s = grace_s
        self._now = now
        self._ends_at: float | None = None
        self._last_step = now()
        self._ended = threading.Event()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def end(self) -> None:
        """The machine is being taken back (SIGTERM, spot notice); only the first call counts."""
        if self._ends_at is None:
            self._ends_at = self._now() + self._grace_s
            self._ended.set()

    def check(self, needs_s: float = 0.0) -> None:
        """Raise SpotInterrupted where work of `needs_s` seconds no longer fits."""
        if self._ends_at is not None and self._now() + needs_s + DELIVERY_S > self._ends_at:
            raise SpotInterrupted("AWS is reclaiming the machine")

    def pause(self, seconds: float) -> bool:
        """Wait, at most a moment once the machine is being taken back; answers whether there is time left after it."""
        if self._ended.wait(seconds):
            threading.Event().wait(min(seconds, MOMENT_S))
        return self._ends_at is None or self._now() + DELIVERY_S <= self._ends_at

    def touch(self) -> None:
        """Work was taken: the time since the last step counts from now."""
        self._last_step = self._now()

    def step(self) -> None:
        """Work goes on; raises SpotInterrupted where no time is left at all."""
        self.touch()
        self.check()

    def idle_s(self) -> float:
        """Seconds since the last step."""
        return self._now() - self._last_step
