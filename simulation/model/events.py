"""The clock of a simulation, and what is to happen."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any


class Events:
    """Calls that happen at their time, and those of the same time in the order in which they were added."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()

    def at(self, time: float, call: Callable[..., None], *details: Any) -> None:
        heappush(self._heap, (time, next(self._order), call, details))

    @property
    def next_at(self) -> float:
        return self._heap[0][0]

    def run_next(self) -> None:
        self.now, _, call, details = heappop(self._heap)
        call(*details)
