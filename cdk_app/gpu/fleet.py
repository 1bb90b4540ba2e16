"""The GPU fleet: one worker, two kinds of capacity that run it, and a warm pool on each."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from cdk_app.gpu.capacity import GpuCapacity
from cdk_app.gpu.warm_pool import WarmPool
from cdk_app.gpu.worker import GpuWorker
from cdk_app.stages.stage import Stage
from cdk_app.storage.log_group import LogGroup
from craftspark.settings.tasks import WorkerSettings


class GpuFleet(Construct):
    """A cluster that starts and stops instances as its tasks need them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        repository: ecr.IRepository,
        settings: WorkerSettings,
        stage: Stage,
    ) -> None:
        super().__init__(scope, construct_id)
        gpu = stage.gpu
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
            execute_command_configuration=ecs.ExecuteCommandConfiguration(
                logging=ecs.ExecuteCommandLogging.OVERRIDE,
                log_configuration=ecs.ExecuteCommandLogConfiguration(
                    cloud_watch_log_group=LogGroup(self, "Shells", operations=stage.operations)
                ),
            ),
        )
        self.spot = GpuCapacity(
            self, "Spot", cluster=self.cluster, gpu=gpu, spot=True, max_instances=gpu.spot_instances
        )
        self.on_demand = GpuCapacity(
            self, "OnDemand", cluster=self.cluster, gpu=gpu, spot=False, max_instances=gpu.on_demand_instances
        )
        self.worker = GpuWorker(self, "Worker", vpc=vpc, repository=repository, settings=settings, stage=stage)
        self.warm_spot = WarmPool(
            self,
            "WarmSpot",
            cluster=self.cluster,
            capacity=self.spot,
            worker=self.worker,
            tasks=gpu.warm_spot_tasks,
            shells=stage.operations.shells,
        )
        self.warm_on_demand = WarmPool(
            self,
            "WarmOnDemand",
            cluster=self.cluster,
            capacity=self.on_demand,
            worker=self.worker,
            tasks=gpu.warm_on_demand_tasks,
            shells=stage.operations.shells,
        )
