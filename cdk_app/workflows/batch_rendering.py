"""The states that render one batch in a pool: three ways to a GPU, each with its timeouts, and what follows a failure.

Every state takes the batch and passes it on. If all ways fail, the result is the batch's number, the indexes of its
images, error and cause.
"""

from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.gpu.capacity import GpuCapacity
from cdk_app.gpu.pool import GpuPool
from cdk_app.stages.workflows import Rendering
from cdk_app.workflows.caught import pass_on_error
from cdk_app.workflows.expressions import (
    EXECUTION_INPUT,
    INPUT,
    UNCHANGED,
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
BATCH_IMAGES = to_expression(
    f"[{locate_field(Batch, 'images', 'index')}]"
)  # the brackets make a list even of one index
FAILURE = write_object(
    BatchFailure,
    batch=read_field(Batch, "batch"),
    images=BATCH_IMAGES,
    **pass_on_error(unnamed=RenderFailed),
)


class BatchRendering(Construct):
    """The ways of one batch to a GPU of a pool. `failed` handles a batch that fails on all of them.

    `hand_over` waits for a worker of the pool's queue. `launch_on_spot` and `launch_on_demand` start a task.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, pool: GpuPool, rendering: Rendering, failed: sfn.IChainable
    ) -> None:
        super().__init__(scope, construct_id)
        self._pool, self._rendering = pool, rendering

        self.launch_on_demand = self._launch("on demand", pool.on_demand)
        retry_interruptions(self.launch_on_demand, RENDER_TASK, attempts=rendering.max_interruptions)
        retry_faults(self.launch_on_demand, LAUNCH_FAULTS, attempts=5)
        self.launch_on_demand.add_catch(failed, outputs=FAILURE)

        self.launch_on_spot = self._launch("on spot", pool.spot)
        retry_interruptions(self.launch_on_spot, RENDER_TASK, attempts=2)
        self.launch_on_spot.add_catch(failed, errors=PERMANENT, outputs=FAILURE)
        self.launch_on_spot.add_catch(self.launch_on_demand, outputs=UNCHANGED)

        self.hand_over = self._hand_over()
        retry_interruptions(self.hand_over, RENDER_TASK, attempts=rendering.max_interruptions)
        retry_faults(self.hand_over, QUEUE_FAULTS, attempts=5)
        self.hand_over.add_catch(failed, errors=PERMANENT, outputs=FAILURE)
        self.hand_over.add_catch(self.launch_on_demand, errors=[*NO_ANSWER, *INTERRUPTED], outputs=UNCHANGED)
        self.hand_over.add_catch(failed, outputs=FAILURE)

    def add_ways(self, choice: sfn.Choice) -> None:
        """Add a rule for each way.

        If the pool has warm tasks, the queue takes the interactive lane, and a task is launched for a batch of the bulk
        lane. Otherwise, the queue takes batches of jobs that were submitted while a launched worker was awake, and a
        task is launched for the others: on demand for the interactive lane, because somebody waits.
        """
        its, bulk, queued = (
            f"{locate_field(JobOrder, 'pool', at=EXECUTION_INPUT)} = '{self._pool.name}'",
            f"{locate_field(JobOrder, 'lane', at=EXECUTION_INPUT)} = 'bulk'",
            locate_field(JobOrder, "queued", at=EXECUTION_INPUT),
        )
        if self._pool.warm_tasks:
            choice.when(_condition(f"{its} and {bulk}"), self.launch_on_spot)
            choice.when(_condition(its), self.hand_over)
        else:
            choice.when(_condition(f"{its} and {queued}"), self.hand_over)
            choice.when(_condition(f"{its} and {bulk}"), self.launch_on_spot)
            choice.when(_condition(its), self.launch_on_demand)

    def _hand_over(self) -> tasks.SqsSendMessage:
        return tasks.SqsSendMessage.jsonata(
            self,
            f"Hand to the {self._pool.name} pool",
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            queue=self._pool.work.queue,
            message_body=sfn.TaskInput.from_object(write_object(BatchMessage, task_token=CALLBACK, batch=UNCHANGED)),
            # One busy maker does not delay the others. A group ID has up to 128 characters, an OIDC subject up to 255.
            message_group_id=to_expression(f"$substring({locate_field(Batch, 'maker')}, 0, 128)"),
            heartbeat_timeout=to_timeout(self._rendering.gpu_queue_wait_s + self._rendering.wave_s),
            task_timeout=to_timeout(self._rendering.gpu_queue_wait_s + self._rendering.batch_s),
        )

    def _launch(self, how: str, capacity: GpuCapacity) -> tasks.EcsRunTask:
        return launch_gpu_task(
            self,
            f"Launch for the {self._pool.name} pool {how}",
            cluster=self._pool.cluster,
            worker=self._pool.worker,
            capacity=capacity,
            launch=BatchLaunch(task_token=CALLBACK, batch=to_expression(f"$string({INPUT})")),
            heartbeat_s=self._rendering.launch_wait_s + self._rendering.wave_s,
            timeout_s=self._rendering.launch_wait_s + self._rendering.batch_s,
        )


def _condition(text: str) -> sfn.Condition:
    return sfn.Condition.jsonata(to_expression(text))
