"""Passing faults of AWS are waited out, with a bound."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from aws_lambda_powertools import Logger

from craftspark.aws.faults import is_transient
from craftspark.errors import CraftsparkError
from gpu_tasks.activity import moved

# How long a fault is borne, in seconds. A batch has as long to be rendered, and a worker that is cut off is replaced.
BOUND_S = 300.0
FIRST_PAUSE_S = 0.5
# Shorter than the shortest time without a sign of life that ends a worker: trying again is one.
LONGEST_PAUSE_S = 20.0

T = TypeVar("T")

logger = Logger(service="gpu_worker")


class AwsUnreachable(CraftsparkError):
    """AWS did not take a call for longer than a worker waits."""


def sleep(seconds: float) -> bool:
    """Wait, and then try again."""
    threading.Event().wait(seconds)
    return True


@dataclass(kw_only=True)
class Patience:
    """Bears the faults of one kind of call: pauses double and are jittered, and the bound counts from the first fault.

    `pause` waits so many seconds and answers whether there is time for another try.
    """

    what: str
    bound_s: float = BOUND_S
    pause: Callable[[float], bool] = sleep
    now: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    _since: float | None = field(default=None, init=False)
    _faults: int = field(default=0, init=False)

    def bear(self, error: Exception) -> None:
        """Wait after a fault; raises AwsUnreachable where that has been going on for longer than the bound."""
        moved()
        if self._since is None:
            self._since = self.now()
        lasts_s = self.now() - self._since
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._faults) * (0.5 + self.jitter() / 2)
        self._faults = min(self._faults + 1, 16)
        facts = {"what": self.what, "reason": type(error).__name__, "detail": str(error), "lasts_s": round(lasts_s, 1)}
        if lasts_s + pause_s > self.bound_s or not self.pause(pause_s):
            logger.error("AWS is unreachable", extra=facts)
            raise AwsUnreachable(f"{self.what}: no success in {lasts_s:.0f} s, {type(error).__name__}") from error
        logger.warning("AWS does not answer", extra=facts)

    def end(self) -> None:
        """A call succeeded: the next fault is a new one."""
        if self._since is not None:
            facts = {"what": self.what, "lasted_s": round(self.now() - self._since, 1)}
            logger.info("AWS answers again", extra=facts)
        self._since, self._faults = None, 0


@dataclass(frozen=True, kw_only=True)
class Patient:
    """Makes calls of AWS that may be repeated, each with patience of its own."""

    bound_s: float = BOUND_S
    pause: Callable[[float], bool] = sleep
    now: Callable[[], float] = time.monotonic

    def patience(self, what: str) -> Patience:
        return Patience(what=what, bound_s=self.bound_s, pause=self.pause, now=self.now)

    def call(self, what: str, do: Callable[[], T]) -> T:
        """Do it until it succeeds; raises AwsUnreachable, and at once whatever is no passing fault."""
        patience = self.patience(what)
        while True:
            try:
                done = do()
            except Exception as error:
                if not is_transient(error):
                    raise
                patience.bear(error)
            else:
                patience.end()
                return done
