"""What is observed of the fleet at one moment: the work that waits, and the tasks that do it."""

from collections.abc import Mapping
from dataclasses import dataclass

# Work that has waited longer is late: the policy adds tasks for it, beyond those for the rate of arrivals.
LATE_S = 30.0
# From one decision to the next.
DECIDE_EVERY_S = 20


@dataclass(frozen=True, kw_only=True)
class LaneWork:
    """The unfinished work of one lane of a pool, in seconds of one GPU: the profile's time, times the pool's pace.

    No worker has started `waiting_s`, and `late_s` of it belongs to jobs that have waited for more than `LATE_S`.
    `in_progress_s` is the rest of the jobs in progress. `arrived_s` was submitted since the previous observation.
    `oldest_s` is the time for which the oldest job has waited that no worker has started, or 0.
    """

    waiting_s: float = 0.0
    late_s: float = 0.0
    in_progress_s: float = 0.0
    arrived_s: float = 0.0
    oldest_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """The tasks of one capacity type of a pool.

    `running` tasks take work. `starting` tasks were requested and take none yet; the oldest of them was requested
    `oldest_start_s` ago. `draining` tasks finish their waves and stop. `desired` is the number that was set last,
    `minimum` and `maximum` are its limits. `price` is in dollars for a task and hour.
    """

    running: int = 0
    starting: int = 0
    oldest_start_s: float = 0.0
    draining: int = 0
    desired: int = 0
    minimum: int = 0
    maximum: int
    price: float


@dataclass(frozen=True, kw_only=True)
class SpotMarket:
    """The spot instances of one family in one zone.

    `interrupted` of them got a notice since the previous observation. `failed` launches in the zone found no capacity
    in this time.
    """

    zone: str
    family: str
    running: int = 0
    interrupted: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class PoolObservation:
    """One pool. `cold_start_s` is the time from the request for a task to its first step.

    `launched` tasks belong to no service: each was launched for a batch, and takes the pool's work until it is idle.
    Bulk work should end `bulk_within_s` after its submission. `age_s` is the age of the oldest reading in here.
    """

    interactive: LaneWork
    bulk: LaneWork
    spot: Tasks
    on_demand: Tasks
    markets: tuple[SpotMarket, ...] = ()
    cold_start_s: float
    launched: int = 0
    bulk_within_s: float = 1800.0
    age_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FleetObservation:
    """All pools of a stage, observed at `at`, in seconds since the epoch."""

    at: float
    pools: Mapping[str, PoolObservation]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the fleet of a stage may take: dollars per hour, and desired tasks of all pools together.

    Tasks that drain do not count: they finish their waves within minutes, and replacements must not wait for them.
    """

    dollars_per_hour: float
    max_tasks: int
