"""The states that render one batch in a pool: the queue of its lane, or a launched task, and what follows a failure.

A task is launched only within the limits of the stage. A batch that may launch none waits in the queue again.

Every state takes the batch and passes it on. If all ways fail, the result is the batch's number, the indexes of its
images, error and cause.
"""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

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
from cdk_app.workflows.launch_request import ask_for_launch, choose_launch
from cdk_app.workflows.retries import retry_faults, retry_interruptions, to_timeout
from craftspark.errors import RenderFailed, Retry, names
from craftspark.errors.aws_names import HEARTBEAT_TIMEOUT, LAUNCH_FAULTS, QUEUE_FAULTS, TIMEOUT
from craftspark.errors.outcomes import GpuUnavailable
from craftspark.errors.raised import RENDER_TASK
from craftspark.jobs.batches import Batch, BatchFailure, BatchMessage, JobOrder
from craftspark.settings.tasks import BatchLaunch
from craftspark.tools.request import LANES, Lane

PERMANENT = names(RENDER_TASK, Retry.NEVER)
INTERRUPTED = names(RENDER_TASK, Retry.AT_ONCE)
# How many more instances try a batch, after the worker or the instance failed on demand.
OTHER_MACHINES = 2
# What an execution keeps of its time limit to settle the job. Seconds.
LEFT_S = 30
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

    `hand_over` has, for each lane, the state that waits for a worker of the lane's queue. `launch` starts a task, and
    `choose` follows the answer to a request for one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pool: GpuPool,
        grant_launch: lambda_.IFunction,
        rendering: Rendering,
        failed: sfn.IChainable,
    ) -> None:
        super().__init__(scope, construct_id)
        self._pool, self._rendering, self._grant_launch = pool, rendering, grant_launch

        self.launch = self._launch()
        retry_interruptions(self.launch, RENDER_TASK, attempts=rendering.max_interruptions)
        retry_faults(self.launch, LAUNCH_FAULTS, attempts=5)
        retry_faults(self.launch, names(RENDER_TASK, Retry.ELSEWHERE), attempts=OTHER_MACHINES)
        self.launch.add_catch(failed, outputs=FAILURE)

        self.hand_over = {lane: self._hand_over(lane) for lane in LANES}
        self.choose = choose_launch(
            self,
            f"May the {pool.name} pool launch a task?",
            launch=self.launch,
            wait=self.hand_over,
            last_wait_s={lane: rendering.job_deadline_s - self._hand_over_s(lane) - LEFT_S for lane in LANES},
            give_up=self._give_up(failed),
        )
        ask = self._ask(f"Ask for a task of the {pool.name} pool", wakes=False)
        for state in self.hand_over.values():
            retry_interruptions(state, RENDER_TASK, attempts=rendering.max_interruptions)
            retry_faults(state, QUEUE_FAULTS, attempts=5)
            state.add_catch(failed, errors=PERMANENT, outputs=FAILURE)
            state.add_catch(ask, errors=[*NO_ANSWER, *INTERRUPTED], outputs=UNCHANGED)
            state.add_catch(failed, outputs=FAILURE)

    def add_ways(self, choice: sfn.Choice) -> None:
        """Add a rule for each way.

        Batches wait in the queue of their lane. The exception is an interactive batch for a pool that may be asleep:
        somebody waits, so it wakes the pool.
        """
        its, bulk, queued = (
            f"{locate_field(JobOrder, 'pool', at=EXECUTION_INPUT)} = '{self._pool.name}'",
            f"{locate_field(JobOrder, 'lane', at=EXECUTION_INPUT)} = 'bulk'",
            locate_field(JobOrder, "queued", at=EXECUTION_INPUT),
        )
        choice.when(_condition(f"{its} and {bulk}"), self.hand_over["bulk"])
        if self._pool.warm_tasks:
            choice.when(_condition(its), self.hand_over["interactive"])
        else:
            choice.when(_condition(f"{its} and {queued}"), self.hand_over["interactive"])
            choice.when(_condition(its), self._ask(f"Wake the {self._pool.name} pool", wakes=True))

    def _ask(self, name: str, *, wakes: bool) -> tasks.LambdaInvoke:
        return ask_for_launch(self, name, self._grant_launch, pool=self._pool.name, wakes=wakes, then=self.choose)

    def _give_up(self, failed: sfn.IChainable) -> sfn.IChainable:
        return sfn.Pass.jsonata(
            self,
            f"Record that the {self._pool.name} pool had no task",
            outputs=write_object(
                BatchFailure,
                batch=read_field(Batch, "batch"),
                images=BATCH_IMAGES,
                error=GpuUnavailable.__name__,
                cause="no worker took the batch in time, and the limits of the stage left no task to launch",
            ),
        ).next(failed)

    def _hand_over_s(self, lane: Lane) -> int:
        """The longest time without a heartbeat in the queue: the wait for a worker, and one wave."""
        return self._rendering.queue_wait_s(lane) + self._rendering.wave_s

    def _hand_over(self, lane: Lane) -> tasks.SqsSendMessage:
        wait_s = self._rendering.queue_wait_s(lane)
        return tasks.SqsSendMessage.jsonata(
            self,
            f"Hand to the {self._pool.name} pool" + (" in bulk" if lane == "bulk" else ""),
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            queue=self._pool.work[lane].queue,
            message_body=sfn.TaskInput.from_object(write_object(BatchMessage, task_token=CALLBACK, batch=UNCHANGED)),
            # One busy maker does not delay the others. A group ID has up to 128 characters, an OIDC subject up to 255.
            message_group_id=to_expression(f"$substring({locate_field(Batch, 'maker')}, 0, 128)"),
            heartbeat_timeout=to_timeout(self._hand_over_s(lane)),
            task_timeout=to_timeout(wait_s + self._rendering.batch_s),
        )

    def _launch(self) -> tasks.EcsRunTask:
        return launch_gpu_task(
            self,
            f"Launch for the {self._pool.name} pool on demand",
            cluster=self._pool.cluster,
            worker=self._pool.worker,
            capacity=self._pool.on_demand,
            launch=BatchLaunch(
                task_token=CALLBACK,
                batch=to_expression(f"$string({INPUT})"),
                requested_at=to_expression("$states.context.State.EnteredTime"),
            ),
            heartbeat_s=self._rendering.launch_wait_s + self._rendering.wave_s,
            timeout_s=self._rendering.launch_wait_s + self._rendering.batch_s,
        )


def _condition(text: str) -> sfn.Condition:
    return sfn.Condition.jsonata(to_expression(text))
