"""The supply of a pool: the tasks that do its work now, and those that it can still get."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from craftspark.contracts import Contract

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]

# The controller writes a record at each decision. An older record says nothing about the present tasks. Seconds.
RECORD_STALE_S = 90.0
# A record can be this much ahead of the reader's clock. Seconds.
CLOCK_SKEW_S = 10.0


@dataclass(frozen=True, kw_only=True)
class StartingTasks:
    """Tasks that were requested and take no work yet. They take work `ready_in_s` after the record's time."""

    tasks: Count
    ready_in_s: Seconds


@dataclass(frozen=True, kw_only=True)
class TypeSupply:
    """The tasks of one capacity type.

    `running` tasks take work; a service has them, or a batch launched them. `draining` tasks finish their waves and
    stop. Requests for which AWS has no capacity are not `starting`.
    """

    running: Count = 0
    starting: tuple[StartingTasks, ...] = ()
    draining: Count = 0


@dataclass(frozen=True, kw_only=True)
class PoolSupply(Contract):
    """The supply of a pool at `at`, in seconds since the epoch.

    The controller can still add `obtainable` tasks to those that run or start: within the pool's maximum, the stage's
    budget and cap, and as many as AWS has capacity for. It is 0 if launches of both capacity types find none. A task
    that is requested now takes work after `cold_start_s`. `interactive_rate` is the interactive work that arrives, in
    seconds of one GPU per second. Bulk work should end `bulk_within_s` after its submission. `reason` says for
    operators what limits `obtainable`.
    """

    at: Seconds
    spot: TypeSupply
    on_demand: TypeSupply
    obtainable: Count
    cold_start_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    interactive_rate: Seconds = 0.0
    bulk_within_s: Seconds = 1800.0
    reason: str

    @property
    def running(self) -> int:
        """The tasks that take work, of both capacity types."""
        return self.spot.running + self.on_demand.running

    @property
    def starting(self) -> tuple[StartingTasks, ...]:
        """The tasks that take no work yet, of both capacity types."""
        return (*self.spot.starting, *self.on_demand.starting)

    def is_current(self, now: float) -> bool:
        """Whether the record describes the supply at `now`, in seconds since the epoch."""
        return -CLOCK_SKEW_S <= now - self.at <= RECORD_STALE_S
