"""The fleet policy: one pure function from what is observed to the desired tasks of each pool.

Each pool needs tasks for its rate of arrivals a cold start from now, for chance, for the work that will wait then, and
for its bulk work. They come from spot, and from on demand where spot lacks capacity. The limits of the stage are shared
between the pools.
"""

from dataclasses import replace

from craftspark.fleet.decisions import Decision, Memory, PoolMemory
from craftspark.fleet.observations import DECIDE_EVERY_S, FleetObservation, Limits, PoolObservation
from craftspark.fleet.policy import demand, history
from craftspark.fleet.policy.checks import check_limits, check_time, clock_fault, first_fault
from craftspark.fleet.policy.need import Need, backlog_ahead, erratic_need, interactive_need, with_bulk
from craftspark.fleet.policy.plans import Plan, grant, keep, stand, without_observation
from craftspark.fleet.policy.split import is_new, split, watch_markets
from craftspark.fleet.policy.starts import follow, ready_in


def decide(observation: FleetObservation, memory: Memory, limits: Limits) -> Decision:
    """The desired tasks of each pool by capacity type, and the memory for the next decision.

    Times are in seconds, work in seconds of one GPU, prices in dollars for a task and hour. Where a pool's observation
    cannot be used, its last counts stand and a fault of the decision names the field. After a jump of the clock, all
    counts stand for one decision. Raises Unusable if the limits or the time cannot be used at all.
    """
    at = observation.at
    check_limits(limits)
    check_time(at)
    fault = clock_fault(at, memory)
    if fault is not None:
        return stand(observation, memory, limits, fault)
    since_s = at - memory.decided_at if memory.decided_at is not None else float(DECIDE_EVERY_S)
    plans = {
        name: _plan(name, pool, memory.pools.get(name, PoolMemory()), at, since_s)
        for name, pool in observation.pools.items()
    }
    return grant(observation, plans | without_observation(observation, memory), limits)


def _plan(name: str, pool: PoolObservation, memory: PoolMemory, at: float, since_s: float) -> Plan:
    fault = first_fault(name, pool)
    if fault is not None:
        return keep(memory, fault)
    if memory.seen_at is not None:
        since_s = at - memory.seen_at  # the arrivals of all this time are in the observation
    else:
        memory = _begin(pool, at)
    memory = replace(
        memory,
        seen_at=at,
        arrived=demand.remember(memory.arrived, at, since_s, pool.interactive.arrived_s),
        spot=replace(follow(memory.spot, pool.spot, at, since_s), price=pool.spot.price),
        on_demand=replace(follow(memory.on_demand, pool.on_demand, at, since_s), price=pool.on_demand.price),
    )
    memory = watch_markets(memory, pool, at)
    rate = demand.measure(memory.arrived)
    ahead, memory = _look_ahead(memory, rate, at, since_s, pool.cold_start_s)
    need = with_bulk(
        _interactive(pool, memory, rate, ahead, at), pool.bulk, rate.now, pool.bulk_within_s, pool.cold_start_s
    )
    parts, memory = split(need, pool, memory, at)
    held = ", and the present counts until arrivals are known" if is_new(memory, at) else ""
    return Plan(parts=parts, memory=memory, reason=need.reason + parts.reason + held, rate=rate.now)


def _begin(pool: PoolObservation, at: float) -> PoolMemory:
    """The memory of a pool of whose demand nothing is known. Its tasks were desired for a reason, so they stay."""
    present = pool.spot.desired + pool.on_demand.desired
    if present <= pool.spot.minimum + pool.on_demand.minimum:
        return PoolMemory()
    return PoolMemory(begun_at=at, needs=((at, present),), shortages=((at, pool.on_demand.desired),))


def _look_ahead(
    memory: PoolMemory, rate: demand.Rate, at: float, since_s: float, cold_start_s: float
) -> tuple[float, PoolMemory]:
    """The rate after a cold start: the present one or, where that was better before, the one of earlier days."""
    past = history.score(memory.history, at, rate.now)
    past = history.observe(past, at, since_s, memory.arrived[-1][1])
    earlier = history.forecast(past, at, rate.now, cold_start_s)
    past = history.expect(past, at, cold_start_s, rate.now, earlier)
    return earlier if history.is_trusted(past, at) else rate.now, replace(memory, history=past)


def _interactive(pool: PoolObservation, memory: PoolMemory, rate: demand.Rate, ahead: float, at: float) -> Need:
    if rate.is_irregular or (rate.is_few and ahead <= rate.now):
        return erratic_need(rate, pool.interactive.waiting_s, pool.cold_start_s)
    ready = [each for kind in (memory.spot, memory.on_demand) for each in ready_in(kind, at, pool.cold_start_s)]
    running = pool.spot.running + pool.on_demand.running + pool.launched
    backlog = backlog_ahead(pool.interactive, rate.now, ahead, running, ready, pool.cold_start_s)
    return interactive_need(rate, ahead, backlog, pool.cold_start_s)
