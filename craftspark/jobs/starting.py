"""Starts executions at the rate that AWS accepts. An order is never lost if AWS accepts no more.

A quota limits a rate of starts, and concurrency does not limit it: with 20 ms per start, one invocation makes
50 per second. So each start occupies its place for a fixed time, and the maximum rate is the number of places times the
rate of one place.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Protocol, Self

from craftspark.errors import InvalidInput
from craftspark.jobs.job import is_job_id
from craftspark.parsing import parse_object, parse_whole_number

# A start and its mark take about 50 ms, so one place can sustain this rate.
STARTS_PER_PLACE = 10
MIN_PLACES = 2  # the minimum concurrency of an event source

FIRST_DELAY_S, MAX_DELAY_S = 5, 120
# In total more than an hour. By then the job has ended and its credits are refunded.
MAX_DEFERRALS = 65
DEFERRALS = "deferrals"  # the message attribute that counts them


class OrderMalformed(Exception):
    """A message of the intake queue is not a job's order."""


class StartRefused(Exception):
    """AWS accepts no start now: throttled, at a limit, or unreachable."""


class DeferredTooOften(Exception):
    """An order was deferred so often that its job has ended."""


def places_of(starts_per_s: int) -> int:
    """The number of concurrent invocations for this rate."""
    return max(MIN_PLACES, ceil(starts_per_s / STARTS_PER_PLACE))


def interval_ms(starts_per_s: int) -> int:
    """How long each start occupies its place, so that all places together do not exceed the rate."""
    return ceil(1000 * places_of(starts_per_s) / starts_per_s)


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job's order as the intake queue carries it. `deferrals` counts how often it was sent back to the queue."""

    body: str
    job_id: str
    maker: str
    deferrals: int = 0

    @classmethod
    def parse(cls, body: str, deferrals: str | None = None) -> Self:
        """Parse a message. Raises OrderMalformed for a message that no submission wrote."""
        try:
            order = parse_object(body, "order")
            count = parse_whole_number(deferrals or "0", DEFERRALS, minimum=0, maximum=MAX_DEFERRALS)
        except InvalidInput as error:
            raise OrderMalformed(error.detail) from None
        job_id, maker = order.get("job_id"), order.get("maker")
        if not (isinstance(job_id, str) and is_job_id(job_id)):
            raise OrderMalformed("the order names no job")
        if not (isinstance(maker, str) and maker):
            raise OrderMalformed("the order names no maker")
        return cls(body=body, job_id=job_id, maker=maker, deferrals=count)


class Executions(Protocol):
    def start(self, order: Order) -> None:
        """Start the job's execution, at most once. Raises StartRefused."""


class Marks(Protocol):
    def mark_started(self, job_id: str) -> None:
        """Record that the job has an execution. Does nothing if the job has ended. Raises StartRefused."""


class Intake(Protocol):
    def defer(self, order: Order, delay_s: int) -> None:
        """Send the order again after the delay, as a new message with one more deferral."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Occupies a place for at least `interval_s` per start."""

    interval_s: float
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep

    @contextmanager
    def start(self) -> Iterator[None]:
        until = self.clock() + self.interval_s
        try:
            yield
        finally:
            if (left := until - self.clock()) > 0:
                self.wait(left)


@dataclass(kw_only=True)
class Starts:
    """Starts one batch of messages. After a refusal, or without enough time, all remaining orders are deferred."""

    executions: Executions
    marks: Marks
    intake: Intake
    pace: Pace
    has_time: Callable[[], bool]
    refused: StartRefused | None = None

    def start(self, order: Order) -> bool:
        """True if the job has an execution and is marked; False if the order is back in the queue.

        Raises DeferredTooOften. Any other exception counts as a failed receive of the message.
        """
        if self.refused is None and self.has_time():
            try:
                with self.pace.start():
                    self.executions.start(order)
                    self.marks.mark_started(order.job_id)
            except StartRefused as refused:
                self.refused = refused
            else:
                return True
        if order.deferrals >= MAX_DEFERRALS:
            raise DeferredTooOften(f"job {order.job_id} could not be started in {order.deferrals} tries")
        self.intake.defer(order, delay_s(order.deferrals))
        return False


def delay_s(deferrals: int, chance: Callable[[], float] = random.random) -> int:
    """A random delay from 2.5 to 5 s, which doubles with each deferral up to 2 min, so that retries spread out."""
    max_delay_s = min(MAX_DELAY_S, FIRST_DELAY_S << min(deferrals, 10))
    return ceil(max_delay_s * (1 + chance()) / 2)
