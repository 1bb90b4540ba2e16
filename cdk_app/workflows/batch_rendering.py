"""The states that render one batch: three ways to a GPU, each with its timeouts, and the next state after each failure.

Every state takes the batch and passes it on. If all ways fail, the result is the batch's number, the indexes of its
images, error and cause.
"""

from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.gpu.capacity import GpuCapacity
from cdk_app.gpu.fleet import GpuFleet
from cdk_app.stages.workflows import Rendering
from cdk_app.workflows.caught import pass_on_error
from cdk_app.workflows.expressions import (
    EXECUTION_INPUT,
    INPUT,
    UNCHANGED,
    compare_field,
    locate_field,
    read_field,
    to_expression,
    write_object,
)
from cdk_app.workflows.gpu_launch import CALLBACK, launch_gpu_task
from cdk_app.workflows.retries import retry_faults, retry_interruptions, to_timeout
from craftspark.errors import RenderFailed, Retry, names
from craftspark.errors.aws_names import HEARTBEAT_TIMEOUT, LAUNCH_FAULTS, QUEUE_FAULTS, TIMEOUT
from craftspark.errors.raised import RENDER_TASK
from craftspark.jobs.batches import Batch, BatchFailure, BatchMessage, JobOrder
from craftspark.settings.tasks import BatchLaunch

PERMANENT = names(RENDER_TASK, Retry.NEVER)
INTERRUPTED = names(RENDER_TASK, Retry.AT_ONCE)
NO_ANSWER = [HEARTBEAT_TIMEOUT, TIMEOUT]
FAILURE = write_object(
    BatchFailure,
    batch=read_field(Batch, "batch"),
    images=to_expression(f"[{locate_field(Batch, 'images', 'index')}]"),  # the brackets make a list even of one index
    **pass_on_error(unnamed=RenderFailed),
)


class BatchRendering(Construct):
    """The states of one batch, from `start` on."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        fleet: GpuFleet,
        gpu_queue: sqs.IQueue,
        rendering: Rendering,
    ) -> None:
        super().__init__(scope, construct_id)
        self._fleet, self._rendering = fleet, rendering
        record_failure = sfn.Pass.jsonata(self, "Record the failure")

        launch_on_demand = self._launch("Launch on demand", fleet.on_demand)
        retry_interruptions(launch_on_demand, RENDER_TASK, attempts=rendering.max_interruptions)
        retry_faults(launch_on_demand, LAUNCH_FAULTS, attempts=5)
        launch_on_demand.add_catch(record_failure, outputs=FAILURE)

        launch_on_spot = self._launch("Launch on spot", fleet.spot)
        retry_interruptions(launch_on_spot, RENDER_TASK, attempts=2)
        launch_on_spot.add_catch(record_failure, errors=PERMANENT, outputs=FAILURE)
        launch_on_spot.add_catch(launch_on_demand, outputs=UNCHANGED)

        hand_over = self._hand_over(gpu_queue)
        retry_interruptions(hand_over, RENDER_TASK, attempts=rendering.max_interruptions)
        retry_faults(hand_over, QUEUE_FAULTS, attempts=5)
        hand_over.add_catch(record_failure, errors=PERMANENT, outputs=FAILURE)
        hand_over.add_catch(launch_on_demand, errors=[*NO_ANSWER, *INTERRUPTED], outputs=UNCHANGED)
        hand_over.add_catch(record_failure, outputs=FAILURE)

        self.start = (
            sfn.Choice.jsonata(self, "Choose the lane")
            .when(
                sfn.Condition.jsonata(compare_field(JobOrder, "lane", "bulk", at=EXECUTION_INPUT)),
                launch_on_spot,
            )
            .otherwise(hand_over)
        )

    def _hand_over(self, gpu_queue: sqs.IQueue) -> tasks.SqsSendMessage:
        return tasks.SqsSendMessage.jsonata(
            self,
            "Hand to the warm pool",
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            queue=gpu_queue,
            message_body=sfn.TaskInput.from_object(write_object(BatchMessage, task_token=CALLBACK, batch=UNCHANGED)),
            # One busy maker does not delay the others. A group ID has up to 128 characters, an OIDC subject up to 255.
            message_group_id=to_expression(f"$substring({locate_field(Batch, 'maker')}, 0, 128)"),
            heartbeat_timeout=to_timeout(self._rendering.gpu_queue_wait_s + self._rendering.wave_s),
            task_timeout=to_timeout(self._rendering.gpu_queue_wait_s + self._rendering.batch_s),
        )

    def _launch(self, name: str, capacity: GpuCapacity) -> tasks.EcsRunTask:
        return launch_gpu_task(
            self,
            name,
            cluster=self._fleet.cluster,
            worker=self._fleet.worker,
            capacity=capacity,
            launch=BatchLaunch(task_token=CALLBACK, batch=to_expression(f"$string({INPUT})")),
            heartbeat_s=self._rendering.launch_wait_s + self._rendering.wave_s,
            timeout_s=self._rendering.launch_wait_s + self._rendering.batch_s,
        )
