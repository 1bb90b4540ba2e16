"""Policies: the fleet's own, and those of others that it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import FleetObservation


@dataclass(frozen=True, kw_only=True)
class Messages:
    """The messages of a pool's queues, as SQS counts them."""

    waiting: int
    in_flight: int


class Policy(Protocol):
    """Decides the desired tasks of each pool. It is asked every `every_s` seconds, and may keep state."""

    @property
    def every_s(self) -> float: ...

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]: ...
