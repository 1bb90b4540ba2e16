"""What the fleet's controller needs."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class GrantSettings(Settings):
    """What `grant_launch` needs. `controlled_pools` is JSON: `ControlledPools` of `craftspark.fleet.controller`."""

    jobs_table: str
    controlled_pools: str
    cents_per_hour: int
    max_tasks: int


@dataclass(frozen=True, kw_only=True)
class ControlSettings(GrantSettings):
    """What `control_fleet` needs."""

    cluster: str
