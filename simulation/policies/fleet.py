"""The policy of the controller."""

from collections.abc import Mapping

from craftspark.fleet.decisions import Memory, PoolDecision
from craftspark.fleet.observations import DECIDE_EVERY_S, FleetObservation, Limits
from craftspark.fleet.policy.decide import decide
from simulation.policies import Messages

UNLIMITED = Limits(dollars_per_hour=100_000.0, max_tasks=100_000)


class FleetPolicy:
    """`craftspark.fleet.policy.decide.decide`, with its memory from one decision to the next."""

    every_s: float = DECIDE_EVERY_S

    def __init__(self, limits: Limits = UNLIMITED) -> None:
        self._limits = limits
        self._memory = Memory()

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
        decision = decide(observation, self._memory, self._limits)
        self._memory = decision.memory
        return decision.pools
