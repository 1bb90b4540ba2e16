"""The fleet's controller: every 20 s it decides how many tasks each pool should have."""

from dataclasses import asdict

from aws_cdk import CfnOutput, Duration
from constructs import Construct

from cdk_app.gpu.fleet import GpuFleet
from cdk_app.gpu.pool import GpuPool
from cdk_app.packaging.python_function import Access, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.desired_counts import ON_DEMAND, SPOT, DesiredCounts
from cdk_app.storage.tables import JobsTable
from cdk_app.workflows.decision_loop import DecisionLoop
from craftspark.fleet.controller.pools import ControlledPool, ControlledPools, ControlledService
from craftspark.models.catalogue import find_model
from craftspark.settings.fleet import ControlSettings, GrantSettings

# Shorter than the time to the next decision.
TIMEOUT = Duration.seconds(15)


class FleetController(Construct):
    """A function that decides, and its schedule. It is in the stack of the services whose desired counts it sets, so a
    deployment never has one without the other. `grant_launch` grants launches for batches within the same limits.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        fleet: GpuFleet,
        jobs: JobsTable,
        counts: DesiredCounts,
    ) -> None:
        super().__init__(scope, construct_id)
        pools = ControlledPools(pools=tuple(describe_pool(pool, stage, counts) for pool in fleet.pools.values()))
        limits = GrantSettings(
            jobs_table=jobs.table.table_name,
            controlled_pools=pools.to_text(),
            cents_per_hour=round(stage.fleet.dollars_per_hour * 100),
            max_tasks=stage.fleet.max_tasks,
        )
        settings = ControlSettings(**asdict(limits), cluster=fleet.cluster.cluster_name)
        self.grant_launch = PythonFunction(
            self,
            "GrantLaunch",
            name="grant_launch",
            stage=stage,
            timeout=TIMEOUT,
            access=Access(settings=(limits,), grants=(jobs.grant_record_launches,)),
        ).function
        self.function = PythonFunction(
            self,
            "ControlFleet",
            name="control_fleet",
            stage=stage,
            timeout=TIMEOUT,
            access=Access(
                settings=(settings,), grants=(jobs.grant_record_fleet, counts.grant_set, fleet.grant_control)
            ),
        ).function
        loop = DecisionLoop(self, "Decisions", decide=self.function, operations=stage.operations)
        CfnOutput(self, "RuleName", value=loop.rule.rule_name).override_logical_id("FleetRuleName")


def describe_pool(pool: GpuPool, stage: Stage, counts: DesiredCounts) -> ControlledPool:
    """The pool as the controller knows it."""
    values = stage.pools[pool.name]
    return ControlledPool(
        name=pool.name,
        family=pool.worker.family,
        zones=tuple(pool.cluster.vpc.availability_zones),
        instance_families=tuple(dict.fromkeys(kind.partition(".")[0] for kind in values.instance_types)),
        launch_s=values.launch_s,
        images_per_batch=max(find_model(model).images_per_batch for model in values.models),
        # After the whole wait, a task is launched for each batch that no worker has taken.
        bulk_within_s=stage.rendering.bulk_wait_s * 3 // 4,
        spot=ControlledService(
            service=pool.warm_spot.service.service_name,
            parameter=counts.name_parameter(pool.name, SPOT),
            minimum=values.warm_spot_tasks,
            maximum=values.spot_instances,
            price=stage.fleet.spot_price(values),
        ),
        on_demand=ControlledService(
            service=pool.warm_on_demand.service.service_name,
            parameter=counts.name_parameter(pool.name, ON_DEMAND),
            minimum=values.warm_on_demand_tasks,
            maximum=values.on_demand_instances,
            price=stage.fleet.on_demand_price(values),
        ),
    )
