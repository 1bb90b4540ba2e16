"""The GPU fleet: a cluster, and the pools of GPU tasks in it."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from cdk_app.gpu.pool import FillSettings, GpuPool
from cdk_app.stages.stage import Stage
from cdk_app.storage.log_group import LogGroup


class GpuFleet(Construct):
    """A cluster that starts and stops instances as its tasks need them, with each pool of the stage by name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        repository: ecr.IRepository,
        fill_settings: FillSettings,
        stage: Stage,
    ) -> None:
        super().__init__(scope, construct_id)
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
        self.pools = {
            name: GpuPool(
                self,
                name.capitalize(),
                name=name,
                cluster=self.cluster,
                repository=repository,
                fill_settings=fill_settings,
                stage=stage,
            )
            for name in stage.pools
        }
