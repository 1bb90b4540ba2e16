"""One container on one GPU: a worker (of a service, or launched for one batch) or a training."""

from typing import cast

from aws_cdk import CfnDeletionPolicy, CfnResource, Duration, Fn, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.stages.pools import Pool
from cdk_app.stages.stage import Stage
from cdk_app.storage.log_group import LogGroup
from craftspark.settings.tasks import TrainerSettings, WorkerSettings

USER = "10001:10001"  # the one that gpu_tasks/Dockerfile creates
MODELS = "Models"


class GpuWorker(Construct):
    """The task definition of `python -m gpu_tasks`, to which a launch may add a command, and its security group.

    `purpose` distinguishes the stack's workers. The task fits the instances of `pool`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        purpose: str,
        vpc: ec2.IVpc,
        repository: ecr.IRepository,
        pool: Pool,
        stage: Stage,
        settings: WorkerSettings | TrainerSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        gpu = stage.gpu
        self.security_group = ec2.SecurityGroup(self, "Traffic", vpc=vpc)
        # Families are unique in an account, so the name contains the stack's.
        self.family = f"{Stack.of(self).stack_name}-{purpose}"
        self.task = ecs.Ec2TaskDefinition(self, "Task", family=self.family, network_mode=ecs.NetworkMode.AWS_VPC)
        # An execution that started before a deployment launches the revision of its time, so updates keep old ones.
        options = cast(CfnResource, self.task.node.default_child).cfn_options
        options.update_replace_policy, options.deletion_policy = CfnDeletionPolicy.RETAIN, CfnDeletionPolicy.DELETE
        self.task.add_volume(name=MODELS, host=ecs.Host(source_path=settings.models_cache))
        self.container = self.task.add_container(
            "Worker",
            image=(
                ecs.ContainerImage.from_registry(gpu.image)
                if gpu.image
                else ecs.ContainerImage.from_ecr_repository(repository, gpu.image_tag)
            ),
            gpu_count=1,
            cpu=pool.task_cpu,
            memory_limit_mib=pool.task_memory_mib,
            user=USER,
            environment={
                **settings.to_environment(),
                # boto3 reads the region from this variable, and ECS sets another one.
                "AWS_DEFAULT_REGION": Stack.of(self).region,
                "POWERTOOLS_METRICS_NAMESPACE": stage.metrics_namespace,
            },
            stop_timeout=Duration.seconds(settings.stop_grace_s),
            linux_parameters=ecs.LinuxParameters(self, "Process", init_process_enabled=True),
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="gpu",
                log_group=LogGroup(self, "Logs", operations=stage.operations),
                mode=ecs.AwsLogDriverMode.NON_BLOCKING,
            ),
        )
        acknowledge(
            self.task, "The variables are names and numbers. The worker reads secrets itself.", "AwsSolutions-ECS2"
        )
        # All tasks of an instance share the folder, so that a model is downloaded once to each instance.
        self.container.add_mount_points(
            ecs.MountPoint(source_volume=MODELS, container_path=settings.models_cache, read_only=False)
        )

    @property
    def revision(self) -> float:
        """The number of the task definition's revision, which the deployment knows.

        A launch that names only the family would run a revision that the rolling deployment has not tried yet.
        """
        return Token.as_number(Fn.select(6, Fn.split(":", self.task.task_definition_arn)))

    @property
    def role(self) -> iam.IRole:
        """The role of the worker's own calls to AWS."""
        return self.task.task_role
