"""What spot can save at most, for any policy."""

from bisect import bisect_right

from simulation.demand import Demand
from simulation.supply import Supply

STEP_S = 60


def find_least_cost(demand: Demand, supply: Supply) -> float:
    """The cost of the work over its cost on demand, if spot did at each moment all the work that it has room for.

    A policy that renders the work when it arrives costs more: tasks start, move between capacity types, and wait.
    """
    work_s = [0.0] * (int(demand.length_s // STEP_S) + 1)
    for job in demand.jobs:
        work_s[int(job.at // STEP_S)] += job.work_s
    on_spot_s = sum(min(arrived_s, STEP_S * count_room(supply, step * STEP_S)) for step, arrived_s in enumerate(work_s))
    share = on_spot_s / sum(work_s) if any(work_s) else 0.0
    return 1 - share * (1 - supply.prices.spot / supply.prices.on_demand) if supply.prices.on_demand else 1.0


def count_room(supply: Supply, at: float) -> float:
    """The spot tasks that fit into all zones at a moment."""
    room = 0.0
    for zone in supply.zones:
        if zone.capacity is None:
            return float("inf")
        place = bisect_right(zone.capacity, at, key=lambda change: change[0]) - 1
        room += zone.capacity[place][1] if place >= 0 else 0
    return room
