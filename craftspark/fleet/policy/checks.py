"""Which parts of an observation cannot be used: a decision from them would be worse than the last one."""

from collections.abc import Iterator
from math import isfinite

from craftspark.fleet.decisions import Fault, Memory
from craftspark.fleet.observations import LaneWork, Limits, PoolObservation, Tasks

# Readings that are older say nothing about the present. Seconds.
STALE_S = 90.0
# A step of the clock beyond this is a jump. After a shorter outage, the controller continues. Seconds.
LARGEST_STEP_S = 3600.0
# No pool has so many tasks, and none has so much work. Larger numbers are errors of units or of reading.
MOST_TASKS = 1_000_000
MOST_SECONDS = 1e12


class Unusable(Exception):
    """The fleet as a whole cannot be decided: the last good counts stand. `field` is at fault."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.fault = Fault(field=field, detail=detail)


def check_limits(limits: Limits) -> None:
    """Raises Unusable."""
    if not isfinite(limits.dollars_per_hour) or limits.dollars_per_hour < 0:
        raise Unusable("limits.dollars_per_hour", f"{limits.dollars_per_hour} is no budget")
    if not 0 <= limits.max_tasks <= MOST_TASKS:
        raise Unusable("limits.max_tasks", f"{limits.max_tasks} is no number of tasks")


def check_time(at: float) -> None:
    """Raises Unusable."""
    if not 0 <= at < MOST_SECONDS:
        raise Unusable("at", f"{at} is no time in seconds since the epoch")


def clock_fault(at: float, memory: Memory) -> Fault | None:
    """What is wrong with the time of an observation after that of the last one."""
    if memory.decided_at is None or 0 < at - memory.decided_at <= LARGEST_STEP_S:
        return None
    step_s = at - memory.decided_at
    detail = f"{step_s:g} s after the last observation" if step_s > 0 else f"not newer than the last one: {step_s:g} s"
    return Fault(field="at", detail=f"the observation is {detail}")


def is_jump(at: float, memory: Memory) -> bool:
    """Whether the clock went so far that the times in the memory mean nothing. Else the observation is only old."""
    return memory.decided_at is not None and not -STALE_S <= at - memory.decided_at <= LARGEST_STEP_S


def first_fault(name: str, pool: PoolObservation) -> Fault | None:
    """The first part of a pool's observation that cannot be used."""
    found = next(_faults(pool), None)
    return Fault(field=f"pools.{name}.{found[0]}", detail=found[1]) if found is not None else None


def _faults(pool: PoolObservation) -> Iterator[tuple[str, str]]:
    if not 0 < pool.cold_start_s <= LARGEST_STEP_S:
        yield "cold_start_s", f"{pool.cold_start_s} s is no cold start"
    if not 0 <= pool.age_s <= STALE_S:
        yield "age_s", f"a reading is {pool.age_s:g} s old"
    if not 0 < pool.bulk_within_s <= MOST_SECONDS:
        yield "bulk_within_s", f"{pool.bulk_within_s} s is no time for bulk work"
    if not 0 <= pool.launched <= MOST_TASKS:
        yield "launched", f"{pool.launched} is no number of tasks"
    yield from _lane_faults("interactive", pool.interactive)
    yield from _lane_faults("bulk", pool.bulk)
    yield from _task_faults("spot", pool.spot)
    yield from _task_faults("on_demand", pool.on_demand)
    if pool.spot.maximum == 0 and pool.on_demand.maximum == 0:
        yield "on_demand.maximum", "the pool has no capacity type: both maxima are 0"
    for index, market in enumerate(pool.markets):
        for count in ("running", "interrupted", "failed"):
            if not 0 <= getattr(market, count) <= MOST_TASKS:
                yield f"markets.{index}.{count}", f"{getattr(market, count)} is no number of instances"


def _lane_faults(name: str, lane: LaneWork) -> Iterator[tuple[str, str]]:
    for part in ("waiting_s", "late_s", "in_progress_s", "arrived_s", "oldest_s"):
        value = getattr(lane, part)
        # NaN compares as false.
        if not 0 <= value <= MOST_SECONDS:
            yield f"{name}.{part}", f"{value} is no number of seconds"


def _task_faults(name: str, tasks: Tasks) -> Iterator[tuple[str, str]]:
    for part in ("running", "starting", "draining", "desired", "minimum", "maximum"):
        value = getattr(tasks, part)
        if not 0 <= value <= MOST_TASKS:
            yield f"{name}.{part}", f"{value} is no number of tasks"
    if tasks.minimum > tasks.maximum:
        yield f"{name}.minimum", f"the minimum of {tasks.minimum} is above the maximum of {tasks.maximum}"
    if not 0 <= tasks.oldest_start_s <= MOST_SECONDS:
        yield f"{name}.oldest_start_s", f"{tasks.oldest_start_s} is no number of seconds"
    if tasks.maximum > 0 and not (isfinite(tasks.price) and tasks.price > 0):
        yield f"{name}.price", f"{tasks.price} is no price of a task"
