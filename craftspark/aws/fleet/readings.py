"""What can be read of every pool, with some calls at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from craftspark.aws.faults import AWS_ERRORS
from craftspark.aws.fleet.services import FleetServices
from craftspark.aws.fleet.work import WorkIndex
from craftspark.fleet.controller.pools import ControlledPool
from craftspark.fleet.controller.readings import PoolReading
from craftspark.fleet.decisions import Fault

POOLS_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class FleetReadings:
    """Reads the work and the tasks of all pools."""

    work: WorkIndex
    services: FleetServices

    def read(self, at: float) -> Mapping[str, PoolReading | Fault]:
        """See craftspark.fleet.controller.run.Readings. A call that fails for one pool does not affect the others."""
        described = self.services.describe()

        def try_pool(pool: ControlledPool) -> PoolReading | Fault:
            try:
                return read_pool(pool)
            except AWS_ERRORS as error:
                return Fault(field=f"pools.{pool.name}", detail=f"it cannot be read: {error}")

        def read_pool(pool: ControlledPool) -> PoolReading | Fault:
            for service in (pool.spot.service, pool.on_demand.service):
                if service not in described:
                    return Fault(field=f"pools.{pool.name}", detail=f"there is no service {service}")
            tasks = self.services.read_tasks(pool, described, at)
            work = self.work.read(pool.name, at)
            running = tasks.spot.running + tasks.on_demand.running + tasks.launched
            lanes = work.measure_lanes(running, pool.images_per_batch)
            return PoolReading(
                interactive=lanes["interactive"],
                bulk=lanes["bulk"],
                pace=work.pace,
                launch_s=work.speed.launch_s,
                counters=work.counters,
                spot=tasks.spot,
                on_demand=tasks.on_demand,
                launched=tasks.launched,
                launch_ages_s=tasks.launch_ages_s,
                spot_instances=tasks.spot_instances,
            )

        pools = self.services.pools
        with ThreadPoolExecutor(POOLS_AT_ONCE) as threads:
            return dict(zip((pool.name for pool in pools), threads.map(try_pool, pools), strict=True))
