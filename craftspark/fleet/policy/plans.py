"""From what each pool should have to the decision: within the limits of the stage, and with the last counts where the
observation cannot be used.
"""

from dataclasses import dataclass, replace

from craftspark.fleet.decisions import Decision, Fault, Memory, PoolDecision, PoolMemory
from craftspark.fleet.observations import FleetObservation, Limits
from craftspark.fleet.policy.budget import Wish, share
from craftspark.fleet.policy.checks import is_jump
from craftspark.fleet.policy.promise import Left, left_over, supply_of
from craftspark.fleet.policy.split import Split

# A pool that is not observed keeps its tasks for this time. Then it counts as removed. Seconds.
MISSING_S = 600.0
# Counts that stand are not for the limits to share: the controller does not change them.
STANDING, INTERACTIVE, BULK = -1, 0, 1


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a pool should have, before the limits of the stage. `fault` says why the last counts stand."""

    parts: Split
    memory: PoolMemory
    reason: str
    rate: float = 0.0
    fault: Fault | None = None


def keep(memory: PoolMemory, fault: Fault) -> Plan:
    """The last counts of a pool."""
    return Plan(
        parts=Split(spot=memory.spot.desired, on_demand=memory.on_demand.desired),
        memory=memory,
        reason=f"the last counts stand: {fault.field}: {fault.detail}",
        fault=fault,
    )


def without_observation(observation: FleetObservation, memory: Memory) -> dict[str, Plan]:
    """The last counts of the pools that are missing in the observation, for a while."""
    return {
        name: keep(pool, Fault(field=f"pools.{name}", detail="the pool is missing"))
        for name, pool in memory.pools.items()
        if name not in observation.pools and pool.seen_at is not None and observation.at - pool.seen_at < MISSING_S
    }


def stand(observation: FleetObservation, memory: Memory, limits: Limits, fault: Fault) -> Decision:
    """The last counts of all pools. After a jump of the clock, the times of the memory are forgotten."""
    jumped = is_jump(observation.at, memory)
    pools = {name: _forget(pool, observation.at) if jumped else pool for name, pool in memory.pools.items()}
    decision = grant(observation, {name: keep(pool, fault) for name, pool in pools.items()}, limits)
    if jumped:
        return decision
    return replace(decision, memory=replace(decision.memory, decided_at=memory.decided_at))


def _forget(memory: PoolMemory, at: float) -> PoolMemory:
    rates = replace(memory.history, slot=None, work_s=0.0, seconds=0.0, pending=())
    return PoolMemory(
        seen_at=at,
        history=rates,
        spot=replace(memory.spot, starts=()),
        on_demand=replace(memory.on_demand, starts=()),
    )


def grant(observation: FleetObservation, plans: dict[str, Plan], limits: Limits) -> Decision:
    """The decision for these plans. Interactive tasks of all pools come before those for bulk work."""
    wishes = {name: _wishes(plan) for name, plan in plans.items()}
    granted = share(wishes, limits)
    memories = {
        name: replace(
            plan.memory,
            spot=replace(plan.memory.spot, desired=_granted(wishes[name], granted[name], "spot")),
            on_demand=replace(plan.memory.on_demand, desired=_granted(wishes[name], granted[name], "on_demand")),
        )
        for name, plan in plans.items()
    }
    left = left_over(memories, limits)
    return Decision(
        at=observation.at,
        pools={name: _decision(name, plan, memories[name], observation, left) for name, plan in plans.items()},
        memory=Memory(decided_at=observation.at, pools=memories),
        faults=tuple(dict.fromkeys(plan.fault for plan in plans.values() if plan.fault is not None)),
    )


def _wishes(plan: Plan) -> list[Wish]:
    """In the order in which the limits grant them: spot tasks that can be counted on, on demand, and further spot."""
    parts, spot, on_demand = plan.parts, plan.memory.spot.price, plan.memory.on_demand.price
    if plan.fault is not None:
        return [
            Wish(kind="spot", rank=STANDING, tasks=parts.spot, price=spot),
            Wish(kind="on_demand", rank=STANDING, tasks=parts.on_demand, price=on_demand),
        ]
    interactive = parts.spot - parts.bulk
    sure = min(interactive, parts.certain)
    return [
        Wish(kind="spot", rank=INTERACTIVE, tasks=sure, price=spot),
        Wish(kind="on_demand", rank=INTERACTIVE, tasks=parts.on_demand - parts.bulk_on_demand, price=on_demand),
        Wish(kind="spot", rank=INTERACTIVE, tasks=interactive - sure, price=spot),
        Wish(kind="spot", rank=BULK, tasks=parts.bulk, price=spot),
        Wish(kind="on_demand", rank=BULK, tasks=parts.bulk_on_demand, price=on_demand),
    ]


def _granted(wishes: list[Wish], granted: list[int], kind: str) -> int:
    return sum(tasks for wish, tasks in zip(wishes, granted, strict=True) if wish.kind == kind)


def _decision(name: str, plan: Plan, memory: PoolMemory, observation: FleetObservation, left: Left) -> PoolDecision:
    asked = plan.parts.spot + plan.parts.on_demand
    given = memory.spot.desired + memory.on_demand.desired
    reason = plan.reason if given == asked else f"{plan.reason}; the stage's limits leave {given} of {asked}"
    usable = plan.fault is None and name in observation.pools
    return PoolDecision(
        spot=memory.spot.desired,
        on_demand=memory.on_demand.desired,
        reason=reason,
        supply=supply_of(observation.pools[name], memory, observation.at, plan.rate, left) if usable else None,
    )
