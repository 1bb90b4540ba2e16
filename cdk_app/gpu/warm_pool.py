"""The services of a pool: GPU tasks that take any of its batches, as many as the fleet's controller sets."""

from typing import cast

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from cdk_app.gpu.capacity import GpuCapacity, select_private_subnets
from cdk_app.gpu.worker import GpuWorker


class WarmPool(Construct):
    """An ECS service of workers on one kind of capacity. ECS rolls back a deployment that keeps failing.

    The fleet's controller sets the desired count. The template has the value of the parameter `desired_count`, which is
    the last count that the controller has set. With `shells`, operators may open a shell in a worker.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.Cluster,
        capacity: GpuCapacity,
        worker: GpuWorker,
        desired_count: str,
        shells: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.service = ecs.Ec2Service(
            self,
            "Service",
            cluster=cluster,
            task_definition=worker.task,
            capacity_provider_strategies=[capacity.strategy],
            security_groups=[worker.security_group],
            vpc_subnets=select_private_subnets(cluster.vpc),
            min_healthy_percent=capacity.min_healthy_percent,
            max_healthy_percent=200,
            # ECS would stop workers to have as many in each zone. Spot instances are where AWS has some, and a worker
            # that is moved loads its models again.
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.DISABLED,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            enable_execute_command=shells,
        )
        template = cast(ecs.CfnService, self.service.node.default_child)
        template.add_property_override("DesiredCount", f"{{{{resolve:ssm:{desired_count}}}}}")
        # CloudFormation links capacity to the cluster after it creates the cluster. ECS needs the link for a service.
        self.service.node.add_dependency(cluster)
