"""What admission may count on: the supply of a pool, and what can be added to it in time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from craftspark.fleet.decisions import PoolMemory, TypeMemory
from craftspark.fleet.observations import Limits, PoolObservation, Tasks
from craftspark.fleet.policy.split import is_spot_healthy
from craftspark.fleet.policy.starts import overdue, ready_in
from craftspark.fleet.supply import PoolSupply, StartingTasks, TypeSupply

# A difference of prices that is below a price only by the last digits still pays for a task.
ROUNDING = 1e-6


@dataclass(frozen=True, kw_only=True)
class Left:
    """What the decided tasks of all pools leave of the stage's limits."""

    tasks: int
    dollars: float


def left_over(memories: Mapping[str, PoolMemory], limits: Limits) -> Left:
    """The limits, less the decided tasks."""
    types = [each for memory in memories.values() for each in (memory.spot, memory.on_demand)]
    return Left(
        tasks=max(0, limits.max_tasks - sum(each.desired for each in types)),
        dollars=max(0.0, limits.dollars_per_hour - sum(each.desired * each.price for each in types)),
    )


def supply_of(pool: PoolObservation, memory: PoolMemory, at: float, rate: float, left: Left) -> PoolSupply:
    """The supply of a pool after a decision, which is already in `memory`."""
    spot = _type_supply(pool.spot, memory.spot, at, pool.cold_start_s)
    on_demand = _type_supply(pool.on_demand, memory.on_demand, at, pool.cold_start_s)
    more_spot, left = _addable(pool.spot, memory.spot, spot, left, available=is_spot_healthy(memory, at))
    waits = overdue(memory.on_demand, at, pool.cold_start_s) > 0
    more_on_demand, left = _addable(pool.on_demand, memory.on_demand, on_demand, left, available=not waits)
    return PoolSupply(
        at=at,
        spot=spot,
        # Tasks that were launched for a batch take the work of the pool, too.
        on_demand=replace(on_demand, running=on_demand.running + pool.launched),
        obtainable=more_spot + more_on_demand,
        cold_start_s=pool.cold_start_s,
        interactive_rate=round(rate, 3),
        bulk_within_s=pool.bulk_within_s,
        reason=_reason(pool, left, spot_available=is_spot_healthy(memory, at), on_demand_available=not waits),
    )


def _type_supply(tasks: Tasks, memory: TypeMemory, at: float, cold_start_s: float) -> TypeSupply:
    starting = tuple(
        StartingTasks(tasks=count, ready_in_s=round(seconds, 1))
        for seconds, count in ready_in(memory, at, cold_start_s)
    )
    return TypeSupply(running=tasks.running, starting=starting, draining=tasks.draining)


def _addable(tasks: Tasks, memory: TypeMemory, supply: TypeSupply, left: Left, *, available: bool) -> tuple[int, Left]:
    """How many tasks can be added to those that run or start, and the limits that these leave."""
    if not available:
        return 0, left
    paid = int(left.dollars / tasks.price + ROUNDING) if tasks.price > 0 else 0
    more = max(0, min(tasks.maximum - memory.desired, left.tasks, paid))
    present = supply.running + sum(each.tasks for each in supply.starting)
    rest = Left(tasks=left.tasks - more, dollars=left.dollars - more * tasks.price)
    return max(0, memory.desired + more - present), rest


def _reason(pool: PoolObservation, left: Left, *, spot_available: bool, on_demand_available: bool) -> str:
    if not on_demand_available:
        return "no capacity" if not spot_available else "no on-demand capacity"
    price = min(tasks.price for tasks in (pool.spot, pool.on_demand) if tasks.maximum > 0)
    if left.tasks < 1:
        return "the stage's cap on tasks"
    if left.dollars < price * (1 - ROUNDING):
        return "the stage's budget"
    return "the pool's maximum" if spot_available else "the pool's maximum on demand, and no spot capacity"
