"""A pool: the GPU tasks that serve the same models, with a queue for each lane of their work."""

from collections.abc import Callable, Mapping
from functools import partial

from aws_cdk import Duration
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.gpu.capacity import GpuCapacity
from cdk_app.gpu.warm_pool import WarmPool
from cdk_app.gpu.worker import GpuWorker
from cdk_app.stages.stage import Stage
from cdk_app.stages.workflows import Rendering
from cdk_app.storage.desired_counts import ON_DEMAND, SPOT, DesiredCounts
from cdk_app.storage.work_queue import WorkQueue
from craftspark.settings.tasks import WorkerSettings
from craftspark.tools.request import LANES, Lane

# The settings of the workers of a pool, by its name and the queue of each lane.
FillSettings = Callable[[str, Mapping[Lane, sqs.IQueue]], WorkerSettings]


class GpuPool(Construct):
    """A queue for each lane, one worker, two kinds of capacity that run it, and warm tasks on each."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        cluster: ecs.Cluster,
        repository: ecr.IRepository,
        fill_settings: FillSettings,
        counts: DesiredCounts,
        stage: Stage,
    ) -> None:
        super().__init__(scope, construct_id)
        pool = stage.pools[name]
        self.name, self.warm_tasks, self.launch_s, self.cluster = name, pool.warm_tasks, pool.launch_s, cluster
        self.work = {lane: self._create_queue(lane, construct_id, stage.rendering) for lane in LANES}
        create = partial(
            GpuCapacity,
            self,
            cluster=cluster,
            pool=pool,
            models_cache=stage.gpu.models_cache,
            trainings=int(name == stage.name_pool(stage.training.model)),
        )
        self.spot = create("Spot", spot=True)
        self.on_demand = create("OnDemand", spot=False)
        self.worker = GpuWorker(
            self,
            "Worker",
            purpose=construct_id,
            vpc=cluster.vpc,
            repository=repository,
            settings=fill_settings(name, {lane: work.queue for lane, work in self.work.items()}),
            pool=pool,
            stage=stage,
        )
        for work in self.work.values():
            work.queue.grant_consume_messages(self.worker.role)
        self._grant_protection()
        self.warm_spot = self._run_warm("WarmSpot", self.spot, counts.name_parameter(name, SPOT), stage)
        self.warm_on_demand = self._run_warm(
            "WarmOnDemand", self.on_demand, counts.name_parameter(name, ON_DEMAND), stage
        )

    def _grant_protection(self) -> None:
        """The agent changes a task's protection from scale-in with the task's role."""
        tasks = self.cluster.arn_for_tasks("*")
        self.worker.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"], resources=[tasks])
        )

    def _create_queue(self, lane: Lane, construct_id: str, rendering: Rendering) -> WorkQueue:
        of_lane = lane.capitalize()
        return WorkQueue(
            self,
            f"{of_lane}Queue",
            output=f"Gpu{construct_id}{of_lane}",
            visibility=Duration.seconds(rendering.gpu_queue_visibility_s),
            # A batch is useless after its job's deadline.
            retention=Duration.seconds(rendering.job_deadline_s),
            # After that, the state machine launches a GPU for it.
            late_after=Duration.seconds(rendering.queue_wait_s(lane) + rendering.wave_s),
        )

    def _run_warm(self, construct_id: str, capacity: GpuCapacity, desired_count: str, stage: Stage) -> WarmPool:
        return WarmPool(
            self,
            construct_id,
            cluster=self.cluster,
            capacity=capacity,
            worker=self.worker,
            desired_count=desired_count,
            shells=stage.operations.shells,
        )
