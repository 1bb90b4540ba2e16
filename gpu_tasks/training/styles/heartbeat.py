"""Beside a training: tell that it lives and how far it is, and end it where it hangs or nobody waits for it."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aws_lambda_powertools import Logger

from gpu_tasks.worker.lease import Lease

logger = Logger(service="trainer")


class Pulse:
    """A thread that beats each `every_s` seconds for as long as the block lasts.

    `beat` answers whether anybody still waits; where nobody does, the lease ends, because a GPU costs money. `tell`
    hears the latest step where it has changed. `on_stall` is called after `stall_s` seconds between two steps; before
    the first and after the last, pictures are encoded and drawn, which the state's own time limit bounds.
    """

    def __init__(
        self,
        *,
        beat: Callable[[], bool],
        tell: Callable[[int, int], None],
        lease: Lease,
        every_s: float,
        stall_s: float,
        on_stall: Callable[[], None],
    ) -> None:
        self._beat, self._tell, self._lease = beat, tell, lease
        self._every_s, self._stall_s, self._on_stall = every_s, stall_s, on_stall
        self._step = self._told = self._steps = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def stepping(self) -> bool:
        """Whether a step has been made and another is to come."""
        return 0 < self._step < self._steps

    def step(self, done: int, steps: int) -> None:
        """So many of all steps are done."""
        self._step, self._steps = done, steps
        self._lease.touch()

    def look(self) -> None:
        """One beat. A failure of AWS is borne: the next beat is seconds away."""
        if self.stepping and self._lease.idle_s() > self._stall_s:
            self._on_stall()
        try:
            if not self._beat():
                self._lease.end()
            if self._step != self._told:
                self._tell(self._step, self._steps)
                self._told = self._step
        except Exception:
            logger.exception("heartbeat failed")

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.look()
