"""The progress of a batch, as its maker sees it."""

import threading
from collections import deque
from collections.abc import Callable

from aws_lambda_powertools import Logger

QUARTER = 25  # percent

logger = Logger(service="gpu_worker")


class Progress:
    """Reports each milestone of a batch once and in order, even if the batch is fast. Safe to use from several threads.

    Milestones are the first step and the first step after each quarter. `report` writes a percentage to where the maker
    sees it. No job depends on progress: a percentage that cannot be written is logged and skipped.
    """

    def __init__(self, report: Callable[[int], None]) -> None:
        self._report = report
        self._due: deque[int] = deque()
        self._percent = -1
        self._reported = -1
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def advance(self, percent: int) -> bool:
        """Record the progress of the batch, which never decreases. Returns whether this is a milestone."""
        with self._lock:
            before, self._percent = self._percent, max(percent, self._percent)
            milestone = before < 0 or self._percent // QUARTER > before // QUARTER
            if milestone:
                self._due.append(self._percent)
            return milestone

    def report(self, *, latest: bool = False) -> None:
        """Report the milestones that are due and, with `latest`, the current percentage if it is new."""
        with self._turn:
            while self._due:
                self._write(self._due.popleft())
            if latest and self._percent > self._reported:
                self._write(self._percent)

    def _write(self, percent: int) -> None:
        if percent <= self._reported:
            return
        self._reported = percent
        try:
            self._report(percent)
        except Exception:
            logger.exception("progress not reported", extra={"percent": percent})
