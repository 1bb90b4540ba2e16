"""Rendering of accepted jobs: queues, state machine, GPU fleet with its controller, and their Lambdas."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import ceil
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.gpu.fleet import GpuFleet
from cdk_app.guardrail import Guardrail, fill_guardrail_settings
from cdk_app.packaging.python_function import Access, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.work_queue import MAX_RECEIVES, DeadLetterQueue, WorkQueue
from cdk_app.workflows.fleet_controller import FleetController
from cdk_app.workflows.interruptions import Interruptions
from cdk_app.workflows.render_workflow import RenderWorkflow
from craftspark.jobs.estimates import STALE_S
from craftspark.jobs.lost_jobs import EVERY
from craftspark.jobs.starting import interval_ms, places_of
from craftspark.settings.rendering import ResendSettings, StartSettings
from craftspark.settings.tasks import WorkerSettings
from craftspark.tools.request import Lane
from stacks.data import DataStack

START_TIMEOUT_S = 60
SETTLE_TIMEOUT_S = 30
SWEEP_TIMEOUT_S = 240
LATE_ORDER = Duration.minutes(2)  # from then on an order counts as lost
SWEEP_EVERY = Duration.minutes(5)
# A submission can rely on a report that is as old as its reading of the backlog, and its message is on the way to the
# queue then. Seconds.
LEAVE_S = ceil(STALE_S) + 15
RESEND_EVERY = Duration.seconds(EVERY.total_seconds())


class RenderingStack(Stack):
    """From the intake queue to the settled job."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, vpc: ec2.IVpc, data: DataStack, **stack: Any
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        # A message stays hidden for six times its consumer's timeout, as AWS recommends.
        self.intake = WorkQueue(
            self,
            "Intake",
            visibility=Duration.seconds(6 * START_TIMEOUT_S),
            retention=Duration.days(1),
            late_after=LATE_ORDER,
        )
        self.unsettled = DeadLetterQueue(self, "Unsettled")

        self.guardrail = Guardrail.create_for(self, stage)
        secret = stage.rendering.signing_secret
        self.signing_key = secretsmanager.Secret.from_secret_name_v2(self, "SigningKey", secret) if secret else None
        self.fleet = fleet = self._create_fleet(stage, vpc, data)
        self.settle_job = self._create_function("SettleJob", "settle_job", SETTLE_TIMEOUT_S, stage, data.settlement)
        self.controller = FleetController(
            self, "Controller", stage=stage, fleet=fleet, jobs=data.jobs, counts=data.desired_counts
        )
        self.workflow = RenderWorkflow(
            self,
            "RenderJob",
            fleet=fleet,
            grant_launch=self.controller.grant_launch,
            settle_job=self.settle_job,
            rendering=stage.rendering,
            operations=stage.operations,
        )
        for name, pool in fleet.pools.items():
            # The machine depends on the services, and these on the policy of their role. So this is another policy.
            self.workflow.grant_answer(iam.Policy(self, f"{name.capitalize()}Answers", roles=[pool.worker.role]))
        self.workflow.settle_failed_executions(self.settle_job, dead_letters=self.unsettled)
        self.interruptions = Interruptions(
            self,
            "Interruptions",
            fleet=fleet,
            workflow=self.workflow,
            jobs=data.jobs,
            stage=stage,
            dead_letters=self.unsettled,
        )
        self._start_jobs(stage, data)
        self._sweep(stage, data)
        self._resend(stage, data)

        CfnOutput(self, "StateMachineArn", value=self.workflow.machine.state_machine_arn)
        CfnOutput(self, "ClusterName", value=fleet.cluster.cluster_name)
        for name, pool in fleet.pools.items():
            CfnOutput(self, f"{name.capitalize()}WarmPoolServiceName", value=pool.warm_spot.service.service_name)

    def _create_fleet(self, stage: Stage, vpc: ec2.IVpc, data: DataStack) -> GpuFleet:
        def fill_settings(name: str, queues: Mapping[Lane, sqs.IQueue]) -> WorkerSettings:
            return self._fill_worker_settings(name, queues, stage, data)

        fleet = GpuFleet(
            self,
            "Gpu",
            vpc=vpc,
            repository=data.gpu_images,
            fill_settings=fill_settings,
            counts=data.desired_counts,
            stage=stage,
        )
        for pool in fleet.pools.values():
            self._grant(pool.worker.role, data)
        return fleet

    def _fill_worker_settings(
        self, name: str, queues: Mapping[Lane, sqs.IQueue], stage: Stage, data: DataStack
    ) -> WorkerSettings:
        rendering = stage.rendering
        return WorkerSettings(
            pool=name,
            jobs_table=data.jobs.table.table_name,
            images_bucket=data.images.bucket_name,
            uploads_bucket=data.uploads.bucket_name,
            gallery_bucket=data.gallery.bucket_name,
            models_bucket=data.models.bucket_name,
            models_cache=stage.gpu.models_cache,
            interactive_queue_url=queues["interactive"].queue_url,
            bulk_queue_url=queues["bulk"].queue_url,
            tools=json.dumps(stage.list_tools(name)),
            networks=stage.networks.to_text(),
            device=stage.pools[name].device,
            profile_device=stage.pools[name].profile_device,
            cpu_model_memory_mib=stage.pools[name].task_memory_mib // 2,
            signing_secret=rendering.signing_secret or "",
            **asdict(fill_guardrail_settings(self.guardrail, stage)),
            gpu_queue_visibility_s=rendering.gpu_queue_visibility_s,
            gpu_queue_max_receives=MAX_RECEIVES,
            max_model_wait_s=rendering.max_model_wait_s,
            stop_bulk_s=rendering.stop_bulk_s,
            idle_s=stage.pools[name].idle_s,
            leave_s=0 if stage.pools[name].warm_tasks else LEAVE_S,
            stop_grace_s=rendering.stop_grace_s,
            stall_s=rendering.stall_s,
        )

    def _grant(self, worker: iam.IRole, data: DataStack) -> None:
        data.jobs.grant_read_write(worker)
        data.images.grant_read(worker)
        data.images.grant_put(worker)
        data.images.grant_delete(worker)  # images of a job that ended meanwhile
        data.uploads.grant_read(worker, "pictures/*")
        data.gallery.grant_read(worker, "pictures/*")
        data.models.grant_read(worker)
        if self.guardrail:
            self.guardrail.grant_apply(worker)
        if self.signing_key:
            self.signing_key.grant_read(worker)

    def _start_jobs(self, stage: Stage, data: DataStack) -> None:
        settings = StartSettings(
            jobs_table=data.jobs.table.table_name,
            state_machine_arn=self.workflow.machine.state_machine_arn,
            intake_queue_url=self.intake.queue.queue_url,
            start_interval_ms=interval_ms(stage.rendering.starts_per_s),
        )
        start_render = PythonFunction(
            self,
            "StartRender",
            name="start_render",
            stage=stage,
            timeout=Duration.seconds(START_TIMEOUT_S),
            access=Access(
                settings=(settings,),
                grants=(self.workflow.grant_start, data.jobs.grant_mark, self.intake.grant_defer),
            ),
        )
        start_render.function.add_event_source(
            sources.SqsEventSource(
                self.intake.queue,
                batch_size=10,
                max_concurrency=places_of(stage.rendering.starts_per_s),
                report_batch_item_failures=True,
            )
        )

    def _sweep(self, stage: Stage, data: DataStack) -> None:
        sweep = self._create_function("SweepOverdueJobs", "sweep_overdue_jobs", SWEEP_TIMEOUT_S, stage, data.settlement)
        self._schedule("Sweep", sweep, every=SWEEP_EVERY)

    def _resend(self, stage: Stage, data: DataStack) -> None:
        settings = ResendSettings(
            jobs_table=data.jobs.table.table_name,
            intake_queue_url=self.intake.queue.queue_url,
            job_deadline_s=stage.rendering.job_deadline_s,
        )
        access = Access(
            settings=(settings,),
            grants=(data.jobs.grant_read, data.jobs.grant_mark, self.intake.queue.grant_send_messages),
        )
        resend = self._create_function("ResendLostJobs", "resend_lost_jobs", SWEEP_TIMEOUT_S, stage, access)
        self._schedule("Resend", resend, every=RESEND_EVERY)

    def _schedule(self, construct_id: str, function: lambda_.Function, *, every: Duration) -> None:
        events.Rule(
            self,
            construct_id,
            schedule=events.Schedule.rate(every),
            targets=[targets.LambdaFunction(function, dead_letter_queue=self.unsettled)],
        )

    def _create_function(
        self, construct_id: str, name: str, timeout_s: int, stage: Stage, access: Access
    ) -> lambda_.Function:
        """A function that EventBridge or the state machine invokes."""
        return PythonFunction(
            self,
            construct_id,
            name=name,
            stage=stage,
            timeout=Duration.seconds(timeout_s),
            access=access,
            dead_letters=self.unsettled,
        ).function
