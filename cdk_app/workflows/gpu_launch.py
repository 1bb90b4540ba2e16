"""Launch a GPU task from a state machine, and wait for its answer."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.gpu.capacity import GpuCapacity, select_private_subnets
from cdk_app.gpu.worker import GpuWorker
from cdk_app.workflows.expressions import to_expression
from cdk_app.workflows.retries import to_timeout
from craftspark.settings.tasks import LaunchSettings

CALLBACK = to_expression("$states.context.Task.Token")


def launch_gpu_task(
    scope: Construct,
    name: str,
    *,
    cluster: ecs.ICluster,
    worker: GpuWorker,
    capacity: GpuCapacity,
    launch: LaunchSettings,
    heartbeat_s: int,
    timeout_s: int,
    command: Sequence[str] | None = None,
    outputs: Mapping[str, str] | None = None,
) -> tasks.EcsRunTask:
    """A state that runs one task on this capacity, with `launch` in its environment."""
    variables = launch.to_environment()
    return tasks.EcsRunTask.jsonata(
        scope,
        name,
        integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        cluster=cluster,
        task_definition=worker.task,
        revision_number=worker.revision,
        launch_target=tasks.EcsEc2LaunchTarget(
            capacity_provider_options=tasks.CapacityProviderOptions.custom([capacity.strategy])
        ),
        security_groups=[worker.security_group],
        subnets=select_private_subnets(cluster.vpc),
        container_overrides=[
            tasks.ContainerOverride(
                container_definition=worker.container,
                command=list(command) if command else None,
                environment=[tasks.TaskEnvironmentVariable(name=key, value=value) for key, value in variables.items()],
            )
        ],
        heartbeat_timeout=to_timeout(heartbeat_s),
        task_timeout=to_timeout(timeout_s),
        outputs=outputs,
    )
