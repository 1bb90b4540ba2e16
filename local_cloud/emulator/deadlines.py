"""Calls at a later time, made by one thread."""

import threading
import time
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count


class Deadlines:
    """Calls functions at their times, unless they are cancelled before.

    Any number of functions wait in one thread, whereas each `threading.Timer` takes a thread. Each call is made in a
    new thread, so a slow one delays no other.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._numbers = count()
        self._times: list[tuple[float, int]] = []
        self._calls: dict[int, Callable[[], object]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, seconds: float, call: Callable[[], object]) -> Callable[[], None]:
        """Call the function after `seconds`. Returns a function that cancels it."""
        with self._changed:
            number = next(self._numbers)
            self._calls[number] = call
            heappush(self._times, (self._clock() + seconds, number))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            self._changed.notify()
        return lambda: self._cancel(number)

    def __len__(self) -> int:
        """The number of functions that wait."""
        return len(self._calls)

    def _cancel(self, number: int) -> None:
        with self._changed:
            self._calls.pop(number, None)
            if len(self._times) > 2 * len(self._calls):
                self._times = [each for each in self._times if each[1] in self._calls]
                heapify(self._times)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._times or self._times[0][0] > self._clock():
                    self._changed.wait(self._times[0][0] - self._clock() if self._times else None)
                _, number = heappop(self._times)
                call = self._calls.pop(number, None)
            if call:
                threading.Thread(target=call, name="deadline", daemon=True).start()
