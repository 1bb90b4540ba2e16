"""The GPU fleet: a cluster, and the pools of GPU tasks in it."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.gpu.pool import FillSettings, GpuPool
from cdk_app.stages.stage import Stage
from cdk_app.storage.desired_counts import DesiredCounts
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
        counts: DesiredCounts,
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
                counts=counts,
                stage=stage,
            )
            for name in stage.pools
        }

    def grant_control(self, controller: iam.IGrantable) -> None:
        """Read the cluster's tasks and instances, and set the desired counts of the pools' services."""
        services = [
            warm.service.service_arn for pool in self.pools.values() for warm in (pool.warm_spot, pool.warm_on_demand)
        ]
        _allow(controller, services, "ecs:DescribeServices", "ecs:UpdateService")
        _allow(controller, [self._name_resources("task")], "ecs:DescribeTasks")
        _allow(controller, [self._name_resources("container-instance")], "ecs:DescribeContainerInstances")
        # IAM has no resource for it that a list by family would name.
        _allow(controller, ["*"], "ecs:ListTasks", conditions={"ArnEquals": {"ecs:cluster": self.cluster.cluster_arn}})

    def _name_resources(self, kind: str) -> str:
        """The ARN of all of the cluster's resources of a kind."""
        return Stack.of(self).format_arn(
            service="ecs",
            resource=kind,
            resource_name=f"{self.cluster.cluster_name}/*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )


def _allow(
    grantee: iam.IGrantable, resources: list[str], *actions: str, conditions: dict[str, dict[str, str]] | None = None
) -> None:
    iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=resources, conditions=conditions)
