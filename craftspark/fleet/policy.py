"""The fleet policy: one pure function from what is observed to the desired tasks of each pool."""

from dataclasses import replace
from math import ceil

from craftspark.fleet.decisions import Decision, Memory, PoolDecision, PoolMemory
from craftspark.fleet.observations import DECIDE_EVERY_S, FleetObservation, Limits, PoolObservation, Tasks

# Arrivals count for this many seconds.
RECENT_S = 180


def decide(observation: FleetObservation, memory: Memory, limits: Limits) -> Decision:
    """The desired tasks of each pool."""
    since_s = observation.at - memory.decided_at if memory.decided_at is not None else DECIDE_EVERY_S
    memories = {
        name: _remember(pool, memory.pools.get(name, PoolMemory()), observation.at, since_s)
        for name, pool in observation.pools.items()
    }
    return Decision(
        at=observation.at,
        pools={name: _decide_pool(pool, memories[name]) for name, pool in observation.pools.items()},
        memory=replace(memory, decided_at=observation.at, pools=memories),
    )


def _remember(pool: PoolObservation, memory: PoolMemory, at: float, since_s: float) -> PoolMemory:
    arrived = (pool.interactive.arrived_s + pool.bulk.arrived_s) / since_s
    recent = tuple(each for each in memory.arrived if each[0] > at - RECENT_S)
    return replace(memory, arrived=(*recent, (at, arrived)))


def _decide_pool(pool: PoolObservation, memory: PoolMemory) -> PoolDecision:
    rates = [rate for _, rate in memory.arrived]
    late = pool.interactive.late_s / pool.cold_start_s
    needed = ceil(sum(rates) / len(rates) + late)
    spot = _within(needed, pool.spot)
    on_demand = _within(needed - spot, pool.on_demand)
    return PoolDecision(
        spot=spot,
        on_demand=on_demand,
        reason=f"{sum(rates) / len(rates):.1f} tasks for arrivals, {late:.1f} for late work",
    )


def _within(tasks: int, capacity: Tasks) -> int:
    return min(max(tasks, capacity.minimum), capacity.maximum)
