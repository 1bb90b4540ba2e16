"""The state machine `train-model`: a version of a style from its data to its promotion."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.gpu.pool import GpuPool
from cdk_app.gpu.worker import GpuWorker
from cdk_app.stages.stage import Operations
from cdk_app.stages.workflows import Training
from cdk_app.workflows.announcement import announce_result
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
from cdk_app.workflows.gpu_launch import CALLBACK
from cdk_app.workflows.invocation import invoke_function
from cdk_app.workflows.machine import create_machine
from cdk_app.workflows.retries import retry_step, to_timeout
from cdk_app.workflows.style_training import FAULT, StyleTraining
from cdk_app.workflows.unsettled_executions import EXECUTION, STATUS, UnsettledExecutions
from craftspark.errors import Retry, names
from craftspark.errors.aws_names import TIMEOUT
from craftspark.errors.outcomes import ApprovalExpired, CanaryFailed, ExecutionEnded, QualityTooLow, Rejected
from craftspark.errors.raised import TRAINING_STEPS
from craftspark.styles.messages import (
    ApprovalDecision,
    ApprovalRequest,
    Fault,
    TrainingEnd,
    TrainingOrder,
    TrainingReference,
    TrainingResult,
    TrainingSettled,
)
from craftspark.styles.releases import Decision, Judgement
from craftspark.styles.trainings import TrainingState
from craftspark.styles.trials import APPROVE

TRAINING_ID = read_field(TrainingOrder, "training_id", at=EXECUTION_INPUT)
DAY_S = 24 * 3600


class TrainingWorkflow(Construct):
    """One execution per training. However it ends, `settle_training` settles the training."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pool: GpuPool,
        trainer: GpuWorker,
        ask_approval: lambda_.IFunction,
        register_style: lambda_.IFunction,
        judge_canary: lambda_.IFunction,
        settle_training: lambda_.IFunction,
        training: Training,
        operations: Operations,
    ) -> None:
        super().__init__(scope, construct_id)
        self._training, self._settle_training = training, settle_training
        self._announced = announce_result(self, TrainingSettled, then=self._judge_training())
        self._failed = self._settle(
            "Record the failure",
            TrainingState.FAILED,
            error=read_field(Fault, "error"),
            cause=read_field(Fault, "cause"),
        )

        trial = self._try_version(register_style, judge_canary)
        approval = self._ask_approval(ask_approval, approved=trial)
        story = StyleTraining(
            self,
            "Style",
            pool=pool,
            trainer=trainer,
            training=training,
            trained=self._check_quality(approval),
            failed=self._failed,
        )
        self.machine = create_machine(self, start=story.start, timeout_s=training.max_s, operations=operations)

    def grant_answer(self, task: iam.IGrantable) -> None:
        """Answer this machine's task tokens, and heartbeat."""
        self.machine.grant_task_response(task)

    def grant_continue(self, decider: iam.IGrantable) -> None:
        """Continue an execution that waits for a decision."""
        self.machine.grant(decider, "states:SendTaskSuccess")

    def grant_fail(self, settler: iam.IGrantable) -> None:
        """Fail tasks of this machine by their tokens."""
        self.machine.grant(settler, "states:SendTaskFailure")

    def settle_failed_executions(self, *, dead_letters: sqs.IQueue) -> None:
        """Settle the trainings of executions that ended before they could do it themselves."""
        UnsettledExecutions(
            self,
            "UnsettledExecutions",
            machine=self.machine,
            settler=self._settle_training,
            end=write_object(
                TrainingEnd,
                training_id=EXECUTION,
                outcome=TrainingState.FAILED,
                error=ExecutionEnded.__name__,
                cause=STATUS,
            ),
            dead_letters=dead_letters,
        )

    def _check_quality(self, good: sfn.IChainable) -> sfn.Choice:
        loss, loss_without = (
            locate_field(TrainingResult, "figures", "loss"),
            locate_field(TrainingResult, "figures", "loss_without"),
        )
        too_low = sfn.Pass.jsonata(
            self,
            "Note that it learned nothing",
            outputs=write_object(
                Fault,
                error=QualityTooLow.__name__,
                cause=to_expression(f"'the loss is ' & {loss} & ', without the adapter ' & {loss_without}"),
            ),
        )
        too_low.next(self._failed)
        better = sfn.Condition.jsonata(to_expression(f"{loss} < {loss_without}"))
        return sfn.Choice.jsonata(self, "Did it learn?").when(better, good).otherwise(too_low)

    def _ask_approval(self, ask_approval: lambda_.IFunction, *, approved: sfn.IChainable) -> tasks.LambdaInvoke:
        rejected = self._settle("Record the rejection", TrainingState.REJECTED, error=read_field(Fault, "error"))
        was_approved = (
            sfn.Choice.jsonata(self, "Was it approved?")
            .when(sfn.Condition.jsonata(compare_field(ApprovalDecision, "decision", APPROVE)), approved)
            .otherwise(rejected)
        )
        wait = tasks.LambdaInvoke.jsonata(
            self,
            "Wait for approval",
            lambda_function=ask_approval,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            payload=sfn.TaskInput.from_object(
                write_object(ApprovalRequest, training_id=TRAINING_ID, task_token=CALLBACK, trained=UNCHANGED)
            ),
            outputs={"decision": read_field(ApprovalDecision, "decision", at=RESULT), "error": Rejected.__name__},
            retry_on_service_exceptions=False,  # retry_step has jitter and waits longer
            task_timeout=to_timeout(self._training.approval_days * DAY_S),
        )
        retry_step(wait, TRAINING_STEPS)
        wait.add_catch(rejected, errors=[TIMEOUT], outputs=write_object(Fault, error=ApprovalExpired.__name__))
        wait.add_catch(self._failed, outputs=FAULT)
        wait.next(was_approved)
        return wait

    def _try_version(self, register_style: lambda_.IFunction, judge_canary: lambda_.IFunction) -> tasks.LambdaInvoke:
        reason = read_field(Judgement, "reason")
        promote = self._settle("Promote the version", TrainingState.PROMOTED, cause=reason, fallback=self._failed)
        roll_back = self._settle(
            "Roll the canary back",
            TrainingState.ROLLED_BACK,
            error=CanaryFailed.__name__,
            cause=reason,
            fallback=self._failed,
        )
        serve = sfn.Wait.jsonata(
            self, "Let the canary draw", time=sfn.WaitTime.duration(Duration.seconds(self._training.judge_every_s))
        )
        judge = self._invoke("Judge the canary", judge_canary, write_object(TrainingReference, training_id=TRAINING_ID))
        judge.add_catch(self._failed, outputs=FAULT)
        serve.next(judge)
        judge.next(
            sfn.Choice.jsonata(self, "May the canary stay?")
            .when(check_decision(Decision.WAIT), serve)
            .when(check_decision(Decision.PROMOTE), promote)
            .otherwise(roll_back)
        )

        register = self._invoke(
            "Register the version", register_style, write_object(TrainingReference, training_id=TRAINING_ID)
        )
        # Wait for the end of another version's trial, which takes up to `canary_s`.
        register.add_retry(
            errors=names(TRAINING_STEPS, Retry.IN_TURN),
            interval=Duration.seconds(self._training.judge_every_s),
            max_attempts=self._training.canary_s // self._training.judge_every_s + 2,
            backoff_rate=1,
        )
        register.add_catch(self._failed, outputs=FAULT)
        register.next(serve)
        return register

    def _settle(
        self, name: str, outcome: TrainingState, *, fallback: sfn.IChainable | None = None, **why: str
    ) -> tasks.LambdaInvoke:
        """A state that ends the training with its `error` and `cause`. If it fails, `fallback` ends the training."""
        end = write_object(TrainingEnd, training_id=TRAINING_ID, outcome=outcome, **why)
        settle = self._invoke(name, self._settle_training, end)
        if fallback:
            settle.add_catch(fallback, outputs=FAULT)
        settle.next(self._announced)
        return settle

    def _invoke(self, name: str, function: lambda_.IFunction, payload: Mapping[str, str]) -> tasks.LambdaInvoke:
        return invoke_function(self, name, function, sfn.TaskInput.from_object(dict(payload)), raised=TRAINING_STEPS)

    def _judge_training(self) -> sfn.Choice:
        failed = sfn.Fail.jsonata(
            self,
            "Training failed",
            error=read_field(TrainingSettled, "error"),
            cause=read_field(TrainingSettled, "cause"),
        )
        return (
            sfn.Choice.jsonata(self, "Did the training fail?")
            .when(
                sfn.Condition.jsonata(compare_field(TrainingSettled, "state", TrainingState.FAILED)),
                failed,
            )
            .otherwise(sfn.Succeed.jsonata(self, "Training ended"))
        )


def check_decision(decision: Decision) -> sfn.Condition:
    """The condition that `judge_canary` made this decision."""
    return sfn.Condition.jsonata(compare_field(Judgement, "decision", decision))
