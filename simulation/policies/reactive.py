"""A plain reactive policy."""

from collections import deque
from collections.abc import Mapping
from math import ceil

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import DECIDE_EVERY_S, FleetObservation, PoolObservation
from simulation.policies import Messages


class Reactive:
    """Tasks for the arrivals of the last minutes, and for the work that waits, to be done within a cold start."""

    every_s: float = DECIDE_EVERY_S

    def __init__(self, recent_s: float = 180.0) -> None:
        self._length = round(recent_s / self.every_s)
        self._arrived: dict[str, deque[float]] = {}

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
        return {name: self._decide(name, pool) for name, pool in observation.pools.items()}

    def _decide(self, name: str, pool: PoolObservation) -> PoolDecision:
        arrived = self._arrived.setdefault(name, deque(maxlen=self._length))
        arrived.append((pool.interactive.arrived_s + pool.bulk.arrived_s) / self.every_s)
        rate = sum(arrived) / len(arrived)
        waiting = (pool.interactive.waiting_s + pool.bulk.waiting_s) / pool.cold_start_s
        needed = min(max(ceil(rate + waiting), pool.spot.minimum), pool.spot.maximum)
        return PoolDecision(
            spot=needed, on_demand=0, reason=f"{rate:.1f} for arrivals, {waiting:.1f} for work that waits"
        )
