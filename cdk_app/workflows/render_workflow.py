"""The state machine `render-job`: a job from its batches to its announcement."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.gpu.fleet import GpuFleet
from cdk_app.stages.stage import Operations
from cdk_app.stages.workflows import Rendering
from cdk_app.workflows.announcement import announce_result
from cdk_app.workflows.batch_rendering import BATCH_IMAGES, BatchRendering
from cdk_app.workflows.caught import CAUSE
from cdk_app.workflows.expressions import (
    EXECUTION_INPUT,
    RESULT,
    UNCHANGED,
    compare_field,
    locate_field,
    read_field,
    to_expression,
    write_object,
)
from cdk_app.workflows.invocation import invoke_function
from cdk_app.workflows.machine import create_machine
from cdk_app.workflows.unsettled_executions import EXECUTION, STATUS, UnsettledExecutions
from craftspark.errors import ModelUnavailable
from craftspark.errors.outcomes import ExecutionEnded
from craftspark.errors.raised import SETTLE_JOB
from craftspark.jobs.batches import Batch, BatchFailure, JobOrder
from craftspark.jobs.endings import JobEnd, JobSettled
from craftspark.jobs.job import JobState

JOB_ID = read_field(JobOrder, "job_id")


class RenderWorkflow(Construct):
    """One execution per job. However it ends, `settle_job` settles the job."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        fleet: GpuFleet,
        grant_launch: lambda_.IFunction,
        settle_job: lambda_.IFunction,
        rendering: Rendering,
        operations: Operations,
    ) -> None:
        super().__init__(scope, construct_id)
        settle = invoke_function(
            self, "Settle the job", settle_job, sfn.TaskInput.from_text(UNCHANGED), raised=SETTLE_JOB
        )
        story = (
            self._render(self._choose_pool(fleet, grant_launch, rendering), settle)
            .next(settle)
            .next(announce_result(self, JobSettled, then=self._judge()))
        )
        self.machine = create_machine(self, start=story, timeout_s=rendering.job_deadline_s, operations=operations)
        for pool in fleet.pools.values():
            # Executions launch a new revision of the worker after the services have run it. If they roll back, so does
            # the stack.
            self.machine.node.add_dependency(pool.warm_spot.service, pool.warm_on_demand.service)

    def grant_start(self, starter: iam.IGrantable) -> None:
        """Start executions of this machine."""
        self.machine.grant_start_execution(starter)

    def grant_answer(self, worker: iam.IGrantable) -> None:
        """Answer this machine's task tokens, and heartbeat."""
        self.machine.grant_task_response(worker)

    def grant_fail(self, settler: iam.IGrantable) -> None:
        """Fail tasks of this machine by their tokens."""
        self.machine.grant(settler, "states:SendTaskFailure")

    def settle_failed_executions(self, settle_job: lambda_.IFunction, *, dead_letters: sqs.IQueue) -> None:
        """Settle the jobs of executions that ended before they could do it themselves."""
        UnsettledExecutions(
            self,
            "UnsettledExecutions",
            machine=self.machine,
            settler=settle_job,
            end=write_object(JobEnd, job_id=EXECUTION, outcomes=[], error=ExecutionEnded.__name__, cause=STATUS),
            dead_letters=dead_letters,
        )

    def _choose_pool(self, fleet: GpuFleet, grant_launch: lambda_.IFunction, rendering: Rendering) -> sfn.Choice:
        """The state that each batch starts with. It leads to the ways of each pool."""
        record_failure = sfn.Pass.jsonata(self, "Record the failure")
        gone = sfn.Pass.jsonata(
            self,
            "Record that the pool is gone",
            outputs=write_object(
                BatchFailure,
                batch=read_field(Batch, "batch"),
                images=BATCH_IMAGES,
                error=ModelUnavailable.__name__,
                cause=to_expression(f"'there is no pool ' & {locate_field(JobOrder, 'pool', at=EXECUTION_INPUT)}"),
            ),
        )
        choice = sfn.Choice.jsonata(self, "Choose the pool").otherwise(gone.next(record_failure))
        for name, pool in fleet.pools.items():
            batch = BatchRendering(
                self,
                name.capitalize(),
                pool=pool,
                grant_launch=grant_launch,
                rendering=rendering,
                failed=record_failure,
            )
            batch.add_ways(choice)
        return choice

    def _render(self, batch: sfn.Choice, settle: tasks.LambdaInvoke) -> sfn.Map:
        render = sfn.Map.jsonata(
            self,
            "Render every batch",
            items=sfn.ProvideItems.jsonata(read_field(JobOrder, "batches")),
            outputs=write_object(JobEnd, job_id=JOB_ID, outcomes=to_expression(RESULT)),
        )
        render.item_processor(batch)
        render.add_catch(
            settle,
            outputs=write_object(
                JobEnd,
                job_id=JOB_ID,
                outcomes=[],
                error=to_expression("$states.errorOutput.Error"),
                cause=CAUSE,
            ),
        )
        return render

    def _judge(self) -> sfn.Choice:
        failed = sfn.Fail.jsonata(
            self,
            "Job failed",
            error=read_field(JobSettled, "error"),
            cause=to_expression(f"'none of ' & {locate_field(JobSettled, 'requested')} & ' images was delivered'"),
        )
        return (
            sfn.Choice.jsonata(self, "Did the job fail?")
            .when(
                sfn.Condition.jsonata(compare_field(JobSettled, "state", JobState.FAILED)),
                failed,
            )
            .otherwise(sfn.Succeed.jsonata(self, "Job delivered"))
        )
