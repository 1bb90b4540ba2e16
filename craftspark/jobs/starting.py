"""Starts executions at the rate that AWS accepts. An order is never lost if AWS accepts no more.

A quota limits a rate of starts, and concurrency does not limit it: with 20 ms per start, one invocation makes
50 per second. So each start occupies its place for a fixed time, and the maximum rate is the number of places times the
rate of one place.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol, Self

from craftspark.contracts import ContractBroken
from craftspark.errors import InvalidInput
from craftspark.jobs.batches import DEFERRALS, JobOrder
from craftspark.jobs.job import is_job_id
from craftspark.parsing.values import parse_whole_number

# A start and its mark take about 50 ms, so one place can sustain this rate.
STARTS_PER_PLACE = 10
MIN_PLACES = 2  # the minimum concurrency of an event source

FIRST_DELAY_S, MAX_DELAY_S = 5, 120
# In total more than an hour. By then the job has ended and its credits are refunded.
MAX_DEFERRALS = 65


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
class IntakeMessage:
    """A message of the intake queue. `deferrals` counts how often it was sent back to the queue.

    `body` is the input of the execution, unchanged: a newer submission may write more fields than `order` has.
    """

    body: str
    order: JobOrder
    deferrals: int = 0

    @classmethod
    def parse(cls, body: str, deferrals: str | None = None) -> Self:
        """Parse a message. Raises ContractBroken for a message that no submission wrote."""
        order = JobOrder.parse(body)
        try:
            count = parse_whole_number(deferrals or "0", DEFERRALS, minimum=0, maximum=MAX_DEFERRALS)
        except InvalidInput as error:
            raise ContractBroken(error.detail) from None
        if not is_job_id(order.job_id):
            raise ContractBroken("the order names no job")
        if not order.maker:
            raise ContractBroken("the order names no maker")
        return cls(body=body, order=order, deferrals=count)


class Executions(Protocol):
    def start(self, name: str, order: str) -> None:
        """Start the execution with this name, at most once. `order` is its input as JSON. Raises StartRefused."""


class Marks(Protocol):
    def mark_started(self, job_id: str) -> bool:
        """Record that the job has an execution. Returns whether this call did so: not if an earlier one did, or if the
        job has ended. Raises StartRefused.
        """


class Arrivals(Protocol):
    def add(self, pool: str, work_s: Mapping[str, float]) -> None:
        """Count work that arrived in a pool, by lane, in seconds of one GPU by the profile."""


class Intake(Protocol):
    def defer(self, message: IntakeMessage, delay_s: int) -> None:
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
    _started: dict[str, dict[str, float]] = field(default_factory=dict, init=False)

    def start(self, message: IntakeMessage) -> bool:
        """True if the job has an execution and is marked; False if the order is back in the queue.

        Raises DeferredTooOften. Any other exception counts as a failed receive of the message.
        """
        if self.refused is None and self.has_time():
            try:
                with self.pace.start():
                    self.executions.start(message.order.job_id, message.body)
                    is_new = self.marks.mark_started(message.order.job_id)
            except StartRefused as refused:
                self.refused = refused
            else:
                if is_new:  # a message that comes twice brings its work once
                    work_s = self._started.setdefault(message.order.pool, defaultdict(float))
                    work_s[message.order.lane] += message.order.work_s
                return True
        if message.deferrals >= MAX_DEFERRALS:
            raise DeferredTooOften(f"job {message.order.job_id} could not be started in {message.deferrals} tries")
        self.intake.defer(message, delay_s(message.deferrals))
        return False

    def count_arrivals(self, arrivals: Arrivals) -> None:
        """Count the work of the jobs that were started: one call for each pool."""
        for pool, work_s in self._started.items():
            arrivals.add(pool, work_s)


def delay_s(deferrals: int, chance: Callable[[], float] = random.random) -> int:
    """A random delay from 2.5 to 5 s, which doubles with each deferral up to 2 min, so that retries spread out."""
    max_delay_s = min(MAX_DELAY_S, FIRST_DELAY_S << min(deferrals, 10))
    return ceil(max_delay_s * (1 + chance()) / 2)
