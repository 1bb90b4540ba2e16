"""Training of styles that makers can choose: state machine, training task and their Lambdas."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_app.gpu.worker import GpuWorker
from cdk_app.packaging.python_function import Access, Grant, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.work_queue import DeadLetterQueue
from cdk_app.workflows.training_workflow import TrainingWorkflow
from craftspark.settings import Settings
from craftspark.settings.styles import ApprovalSettings, ReleaseSettings, StartTrainingSettings, StyleSettings
from craftspark.settings.tasks import TrainerSettings
from stacks.data import DataStack
from stacks.rendering import RenderingStack

TIMEOUT = Duration.seconds(30)
HEARTBEATS_IN_SILENCE = 6  # a task whose last heartbeats were all lost counts as dead


class TrainingStack(Stack):
    """From an operator's request to a promoted version of a style, or to the reason why there is none."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        vpc: ec2.IVpc,
        data: DataStack,
        rendering: RenderingStack,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        self._stage, self._data = stage, data
        self.unsettled = DeadLetterQueue(self, "UnsettledTrainings")
        trainer = self._create_trainer(vpc)
        ask_approval = self._create_approver("AskApproval", "ask_approval")
        events.EventBus.from_event_bus_name(self, "Bus", "default").grant_put_events_to(ask_approval)
        self.workflow = TrainingWorkflow(
            self,
            "TrainModel",
            pool=rendering.fleet.pools[stage.name_pool(stage.training.model)],
            trainer=trainer,
            ask_approval=ask_approval,
            register_style=self._create_releaser("RegisterStyle", "register_style", writes=True),
            judge_canary=self._create_releaser("JudgeCanary", "judge_canary", writes=False),
            settle_training=self._create_releaser("SettleTraining", "settle_training", writes=True),
            training=stage.training,
            operations=stage.operations,
        )
        self.workflow.settle_failed_executions(dead_letters=self.unsettled)
        decide_training = self._create_approver("DecideTraining", "decide_training")
        self.workflow.grant_answer(trainer.role)
        self.workflow.grant_continue(decide_training)
        settler = rendering.interruptions.settle_task.role
        # A policy of this stack: the function's own stack must not depend on this one.
        self.workflow.grant_fail(iam.Policy(self, "LostTaskAnswers", roles=[settler]))
        self._start_training()
        self._rollback_style()

        CfnOutput(self, "TrainingStateMachineArn", value=self.workflow.machine.state_machine_arn)

    def _create_trainer(self, vpc: ec2.IVpc) -> GpuWorker:
        """A task that reads data and model, and writes its run and its adapter. It has no access to makers' data."""
        stage, data = self._stage, self._data
        pool = stage.pools[stage.name_pool(stage.training.model)]
        settings = TrainerSettings(
            training_bucket=data.training.bucket_name,
            models_bucket=data.models.bucket_name,
            models_cache=stage.gpu.models_cache,
            model=stage.training.model,
            device=pool.device,
            heartbeat_s=max(1, stage.training.silence_s // HEARTBEATS_IN_SILENCE),
            stall_s=stage.training.silence_s,
            stop_grace_s=stage.training.stop_grace_s,
        )
        trainer = GpuWorker(
            self,
            "Trainer",
            purpose="Trainer",
            vpc=vpc,
            repository=data.gpu_images,
            settings=settings,
            pool=pool,
            stage=stage,
        )
        data.training.grant_read(trainer.role)
        data.training.grant_put(trainer.role, "runs/*")
        data.models.grant_read(trainer.role)
        data.models.grant_put(trainer.role, "styles/*")
        return trainer

    def _start_training(self) -> None:
        settings = StartTrainingSettings(
            trainings_table=self._data.trainings.table.table_name,
            styles_table=self._data.styles.table.table_name,
            training_bucket=self._data.training.bucket_name,
            state_machine_arn=self.workflow.machine.state_machine_arn,
            model=self._stage.training.model,
        )
        self._create_function(
            "StartTraining",
            "start_training",
            settings,
            self._data.trainings.grant_enter,
            self._data.styles.grant_look_up,
            self.workflow.machine.grant_start_execution,
        )

    def _rollback_style(self) -> None:
        data = self._data
        settings = StyleSettings(
            trainings_table=data.trainings.table.table_name, styles_table=data.styles.table.table_name
        )
        self._create_function(
            "RollbackStyle", "rollback_style", settings, data.trainings.grant_read, data.styles.grant_enter
        )

    def _create_approver(self, construct_id: str, name: str) -> lambda_.Function:
        settings = ApprovalSettings(trainings_table=self._data.trainings.table.table_name)
        return self._create_function(construct_id, name, settings, self._data.trainings.grant_enter)

    def _create_releaser(self, construct_id: str, name: str, *, writes: bool) -> lambda_.Function:
        training, data = self._stage.training, self._data
        settings = ReleaseSettings(
            trainings_table=data.trainings.table.table_name,
            styles_table=data.styles.table.table_name,
            canary_percent=training.canary_percent,
            canary_s=training.canary_s,
            least_jobs=training.least_jobs,
            most_failed_percent=training.most_failed_percent,
            more_failed_points=training.more_failed_points,
            slower_percent=training.slower_percent,
            worse_percent=training.worse_percent,
        )
        tables = (data.trainings, data.styles)
        grants = [table.grant_enter if writes else table.grant_read for table in tables]
        return self._create_function(construct_id, name, settings, *grants)

    def _create_function(self, construct_id: str, name: str, settings: Settings, *grants: Grant) -> lambda_.Function:
        return PythonFunction(
            self,
            construct_id,
            name=name,
            stage=self._stage,
            timeout=TIMEOUT,
            access=Access(settings=(settings,), grants=grants),
            dead_letters=self.unsettled,
        ).function
