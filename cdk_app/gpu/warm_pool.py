"""GPU tasks that are there before their work is."""

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from cdk_app.gpu.capacity import GpuCapacity, private_subnets
from cdk_app.gpu.worker import GpuWorker


class WarmPool(Construct):
    """An ECS service of `tasks` workers on one kind of capacity. A deployment that keeps failing is taken back.

    With `shells`, operators may open a shell in a worker.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.Cluster,
        capacity: GpuCapacity,
        worker: GpuWorker,
        tasks: int,
        shells: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.service = ecs.Ec2Service(
            self,
            "Service",
            cluster=cluster,
            task_definition=worker.task,
            capacity_provider_strategies=[capacity.strategy],
            desired_count=tasks,
            security_groups=[worker.security_group],
            vpc_subnets=private_subnets(cluster.vpc),
            # Without room for a second fleet of GPUs, half of the workers make way; a single one is doubled.
            min_healthy_percent=50,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            enable_execute_command=shells,
        )
        # The cluster's link to its capacity is made after the cluster itself, and ECS refuses the service before it.
        self.service.node.add_dependency(cluster)
