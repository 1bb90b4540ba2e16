"""A policy without spot."""

from collections.abc import Mapping
from dataclasses import replace

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import FleetObservation, PoolObservation
from simulation.policies import Messages, Policy


class OnDemandOnly:
    """Another policy's tasks, all on demand.

    The other policy sees the on-demand tasks as spot tasks of a market without interruptions or failures, so that both
    decide alike and only the capacity type differs.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    @property
    def every_s(self) -> float:
        return self._policy.every_s

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
        seen = replace(observation, pools={name: _swap(pool) for name, pool in observation.pools.items()})
        decided = self._policy.decide(seen, messages)
        return {
            name: replace(decision, spot=0, on_demand=decision.spot + decision.on_demand)
            for name, decision in decided.items()
        }


def _swap(pool: PoolObservation) -> PoolObservation:
    none = replace(pool.spot, running=0, starting=0, draining=0, desired=0, minimum=0, maximum=0)
    return replace(pool, spot=replace(pool.on_demand, minimum=pool.spot.minimum), on_demand=none, markets=())
