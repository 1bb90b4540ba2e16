"""The limits of a stage, shared fairly between its pools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from craftspark.fleet.observations import Limits


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Tasks that a pool asks for: of which capacity type, and their price in dollars for a task and hour.

    Wishes with a lower `rank` are granted first in all pools.
    """

    kind: str
    rank: int
    tasks: int
    price: float


def share(wishes: Mapping[str, Sequence[Wish]], limits: Limits) -> dict[str, list[int]]:
    """The tasks that are granted for each wish of each pool.

    Within a rank, tasks go one by one to the pool that has the fewest. So a pool that asks for little gets all of it,
    and the others share the rest equally. A pool's own wishes are granted in their order.
    """
    everything = [wish for asked in wishes.values() for wish in asked]
    cost = sum(wish.tasks * wish.price for wish in everything)
    if sum(wish.tasks for wish in everything) <= limits.max_tasks and cost <= limits.dollars_per_hour:
        return {pool: [wish.tasks for wish in asked] for pool, asked in wishes.items()}
    granted = {pool: [0] * len(asked) for pool, asked in wishes.items()}
    tasks, dollars = limits.max_tasks, limits.dollars_per_hour
    for rank in sorted({wish.rank for wish in everything}):
        waiting = [(sum(granted[pool]), pool) for pool in sorted(wishes)]
        heapify(waiting)
        while waiting and tasks > 0:
            held, pool = heappop(waiting)
            index = _next(wishes[pool], granted[pool], rank, dollars)
            if index is None:
                continue
            granted[pool][index] += 1
            tasks -= 1
            dollars -= wishes[pool][index].price
            heappush(waiting, (held + 1, pool))
    return granted


def _next(asked: Sequence[Wish], granted: Sequence[int], rank: int, dollars: float) -> int | None:
    """The first wish of this rank that still misses tasks and can be paid."""
    for index, wish in enumerate(asked):
        if wish.rank == rank and granted[index] < wish.tasks and wish.price <= dollars + 1e-9:
            return index
    return None
