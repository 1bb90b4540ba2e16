"""The heartbeat of a training: it reports progress, and ends a training that hangs or is no longer awaited."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aws_lambda_powertools import Logger

from gpu_tasks.worker.lease import Lease

logger = Logger(service="trainer")


class Heartbeat:
    """A thread that sends a heartbeat each `every_s` seconds while the block runs.

    `send` returns whether the state machine still waits. If it does not, the lease ends, because a GPU costs money.
    `report` gets the latest step if it has changed. `on_stall` is called if `stall_s` seconds pass between two steps.
    Before the first and after the last step, pictures are encoded and drawn; the state's timeout limits that time.
    """

    def __init__(
        self,
        *,
        send: Callable[[], bool],
        report: Callable[[int, int], None],
        lease: Lease,
        every_s: float,
        stall_s: float,
        on_stall: Callable[[], None],
    ) -> None:
        self._send, self._report, self._lease = send, report, lease
        self._every_s, self._stall_s, self._on_stall = every_s, stall_s, on_stall
        self._step = self._reported = self._steps = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def is_stepping(self) -> bool:
        """Whether a step has been made and another one follows."""
        return 0 < self._step < self._steps

    def step(self, done: int, steps: int) -> None:
        """Record the number of completed steps."""
        self._step, self._steps = done, steps
        self._lease.touch()

    def run_round(self) -> None:
        """Send one heartbeat. A failure of AWS is only logged, because the next heartbeat follows within seconds."""
        if self.is_stepping and self._lease.idle_s() > self._stall_s:
            self._on_stall()
        try:
            if not self._send():
                self._lease.end()
            if self._step != self._reported:
                self._report(self._step, self._steps)
                self._reported = self._step
        except Exception:
            logger.exception("heartbeat failed")

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.run_round()
