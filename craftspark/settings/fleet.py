"""What the fleet's controller needs."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ControlSettings(Settings):
    """What `control_fleet` needs. `controlled_pools` is JSON: `ControlledPools` of `craftspark.fleet.controller`."""

    jobs_table: str
    cluster: str
    controlled_pools: str
    cents_per_hour: int
    max_tasks: int
