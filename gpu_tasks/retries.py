"""Retries of AWS calls that fail temporarily, up to a time limit."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from aws_lambda_powertools import Logger

from craftspark.aws.faults import is_transient
from craftspark.errors.worker import AwsUnreachable
from gpu_tasks.activity import record_activity

# The time limit of retries, in seconds. A batch may take as long to render, and a worker without AWS is replaced.
MAX_RETRY_S = 300.0
MIN_PAUSE_S = 0.5
# Shorter than the shortest stall time that ends a worker: each retry counts as progress.
MAX_PAUSE_S = 20.0

T = TypeVar("T")

logger = Logger(service="gpu_worker")


def sleep(seconds: float) -> bool:
    """Wait, then allow the next attempt."""
    threading.Event().wait(seconds)
    return True


@dataclass(kw_only=True)
class Backoff:
    """The pauses between attempts of one kind of call. Pauses double and are jittered. The limit counts from the first
    fault.

    `pause` waits for the given seconds and returns whether there is time for another attempt.
    """

    what: str
    max_retry_s: float = MAX_RETRY_S
    pause: Callable[[float], bool] = sleep
    now: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    _since: float | None = field(default=None, init=False)
    _faults: int = field(default=0, init=False)

    def wait(self, error: Exception) -> None:
        """Wait after a fault. Raises AwsUnreachable if the next attempt would start after the limit."""
        record_activity()
        if self._since is None:
            self._since = self.now()
        lasts_s = self.now() - self._since
        pause_s = min(MAX_PAUSE_S, MIN_PAUSE_S * 2**self._faults) * (0.5 + self.jitter() / 2)
        self._faults = min(self._faults + 1, 16)
        facts = {"what": self.what, "reason": type(error).__name__, "detail": str(error), "lasts_s": round(lasts_s, 1)}
        if lasts_s + pause_s > self.max_retry_s or not self.pause(pause_s):
            logger.error("AWS is unreachable", extra=facts)
            raise AwsUnreachable(f"{self.what}: no success in {lasts_s:.0f} s, {type(error).__name__}") from error
        logger.warning("AWS call failed", extra=facts)

    def reset(self) -> None:
        """Record a success: the limit counts from the next fault."""
        if self._since is not None:
            facts = {"what": self.what, "lasted_s": round(self.now() - self._since, 1)}
            logger.info("AWS call succeeded again", extra=facts)
        self._since, self._faults = None, 0


@dataclass(frozen=True, kw_only=True)
class Retrier:
    """Repeats calls of AWS that fail temporarily. Each call has its own limit."""

    max_retry_s: float = MAX_RETRY_S
    pause: Callable[[float], bool] = sleep
    now: Callable[[], float] = time.monotonic

    def backoff(self, what: str) -> Backoff:
        """A new backoff for one kind of call, named in logs by `what`."""
        return Backoff(what=what, max_retry_s=self.max_retry_s, pause=self.pause, now=self.now)

    def call(self, what: str, do: Callable[[], T]) -> T:
        """Call `do` until it succeeds, and return its result. Raises AwsUnreachable, and immediately any error that is
        not temporary.
        """
        backoff = self.backoff(what)
        while True:
            try:
                done = do()
            except Exception as error:
                if not is_transient(error):
                    raise
                backoff.wait(error)
            else:
                backoff.reset()
                return done
