"""Orders become executions at the pace that AWS takes, and no order is lost where it takes no more.

A quota of starts is a rate. Concurrency alone does not bound a rate: a start that takes 20 ms makes 50 a second. So
each start holds its place for a fixed time, and places x starts of one place is the most there can be.
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

# A start and its mark take some 50 ms, so a place can keep this pace.
STARTS_PER_PLACE = 10
MIN_PLACES = 2  # of an event source

FIRST_DELAY_S, MAX_DELAY_S = 5, 120
# Together more than an hour: by then the job has ended and its credits are back.
MAX_DEFERRALS = 65
DEFERRALS = "deferrals"  # the attribute of a message that counts them


class OrderMalformed(Exception):
    """A message of the intake queue is no job's order."""


class StartRefused(Exception):
    """AWS takes no start at present: throttled, at a limit, or out of reach."""


class DeferredTooOften(Exception):
    """An order came back to the queue so often that its job has ended meanwhile."""


def places_of(starts_per_s: int) -> int:
    """How many invocations at once such a rate takes."""
    return max(MIN_PLACES, ceil(starts_per_s / STARTS_PER_PLACE))


def interval_ms(starts_per_s: int) -> int:
    """How long each start holds its place, for all places together to start no more than that."""
    return ceil(1000 * places_of(starts_per_s) / starts_per_s)


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job's order as the intake queue carries it; `deferrals` is how often it came back to the queue."""

    body: str
    job_id: str
    maker: str
    deferrals: int = 0

    @classmethod
    def parse(cls, body: str, deferrals: str | None = None) -> Self:
        """Read a message; raises OrderMalformed for what no submission wrote."""
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
        """One execution a job, however often; raises StartRefused."""


class Marks(Protocol):
    def mark_started(self, job_id: str) -> None:
        """Note that the job has an execution; nothing where the job has ended. Raises StartRefused."""


class Intake(Protocol):
    def defer(self, order: Order, delay_s: int) -> None:
        """Bring the order back after the delay, as a new message with one deferral more."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Holds a place for at least `interval_s` a start."""

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
    """The starts of one batch of messages. Once one was refused, or the time is short, the others go back unasked."""

    executions: Executions
    marks: Marks
    intake: Intake
    pace: Pace
    has_time: Callable[[], bool]
    refused: StartRefused | None = None

    def start(self, order: Order) -> bool:
        """True where the job has an execution and its mark; False where the order is back in the queue.

        Raises DeferredTooOften; whatever else is raised counts as a failed receive of the message.
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
    """From half to all of 5 s, which each deferral doubles up to 2 min: not all orders come back at the same moment."""
    max_delay_s = min(MAX_DELAY_S, FIRST_DELAY_S << min(deferrals, 10))
    return ceil(max_delay_s * (1 + chance()) / 2)
