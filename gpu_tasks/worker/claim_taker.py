"""Takes the next claims while a wave renders."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from gpu_tasks.worker.claim import Claim

# How often a worker looks for claims during a wave, in seconds.
LOOK_S = 1.0
# At the end of a wave, a worker looks again unless it did so this many seconds ago. The GPU waits for the answer.
FRESH_S = 0.2


class Take(Protocol):
    """Takes claims, as a batch source does."""

    def __call__(self, *, wait: bool, bulk: bool) -> list[Claim]: ...


class ClaimTaker:
    """One thread that takes claims, at most once for each wave."""

    def __init__(self, take: Take, now: Callable[[], float] = time.monotonic) -> None:
        self._take = take
        self._now = now
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._wave_ended = threading.Event()
        self._claims: Future[list[Claim]] | None = None

    def start(self, *, wait: bool, bulk: bool) -> None:
        """Start to take claims, and look for interactive ones until the wave ends. With `wait`, wait for the first."""
        self._wave_ended = threading.Event()
        self._claims = self._thread.submit(self._run, wait, bulk, self._wave_ended)

    @property
    def has_interactive(self) -> bool:
        """Whether an interactive claim has been taken during this wave."""
        taken = self._claims
        if taken is None or not taken.done() or taken.exception():
            return False
        return any(claim.active and not claim.bulk for claim in taken.result())

    def collect(self) -> list[Claim] | None:
        """The claims at the end of the wave, or None if nothing was started. Raises the error of taking them."""
        claims, self._claims = self._claims, None
        self._wave_ended.set()
        return claims.result() if claims else None

    def close(self) -> None:
        self._wave_ended.set()
        self._thread.shutdown()

    def _run(self, wait: bool, bulk: bool, wave_ended: threading.Event) -> list[Claim]:
        claims = self._take(wait=wait, bulk=bulk)
        over = wait and not claims  # no more will come
        while not over and all(claim.bulk and not claim.handle.suspect for claim in claims):
            looked_at = self._now()
            over = wave_ended.wait(LOOK_S)
            if not over or self._now() - looked_at > FRESH_S:
                claims += self._take(wait=False, bulk=bulk and not claims)
        return claims
