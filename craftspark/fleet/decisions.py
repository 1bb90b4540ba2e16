"""What is decided about the fleet, and what a decision keeps for the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from craftspark.contracts import Contract


@dataclass(frozen=True, kw_only=True)
class PoolDecision(Contract):
    """The desired tasks of a pool by capacity type. `reason` is one sentence for operators."""

    spot: int
    on_demand: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class PoolMemory(Contract):
    """What the policy keeps of a pool from one decision to the next."""

    arrived: tuple[
        tuple[float, float], ...
    ] = ()  # the end of each interval, and the work per second that arrived in it


@dataclass(frozen=True, kw_only=True)
class Memory(Contract):
    """What the policy keeps. It is JSON of some kilobytes. `decided_at` is the time of the last observation."""

    decided_at: float | None = None
    pools: Mapping[str, PoolMemory] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Decision(Contract):
    """The decision for all pools, and the memory for the next decision."""

    at: float
    pools: Mapping[str, PoolDecision]
    memory: Memory
