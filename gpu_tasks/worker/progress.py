"""How far a batch is, as its maker hears of it."""

import threading
from collections import deque
from collections.abc import Callable

from aws_lambda_powertools import Logger

QUARTER = 25  # percent

logger = Logger(service="gpu_worker")


class Progress:
    """Tells each milestone of a batch once and in order, however fast the batch is. Safe to use from several threads.

    Milestones are the first step and the first step past each quarter. `tell` writes a percentage where the maker sees
    it. Progress is for the eye: a percentage that cannot be written is logged and left out.
    """

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._due: deque[int] = deque()
        self._percent = -1
        self._told = -1
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def reach(self, percent: int) -> bool:
        """Note how far the batch is, which never goes back; answers whether that is a milestone."""
        with self._lock:
            before, self._percent = self._percent, max(percent, self._percent)
            milestone = before < 0 or self._percent // QUARTER > before // QUARTER
            if milestone:
                self._due.append(self._percent)
            return milestone

    def tell(self, *, latest: bool = False) -> None:
        """Tell the milestones that were reached and, with `latest`, how far the batch is now, if that is new."""
        with self._turn:
            while self._due:
                self._write(self._due.popleft())
            if latest and self._percent > self._told:
                self._write(self._percent)

    def _write(self, percent: int) -> None:
        if percent <= self._told:
            return
        self._told = percent
        try:
            self._tell(percent)
        except Exception:
            logger.exception("progress not told", extra={"percent": percent})
