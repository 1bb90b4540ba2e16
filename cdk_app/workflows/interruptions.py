"""What happens when AWS takes an instance back or has none, and when a task of the fleet stops for any reason."""

import json
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.gpu.capacity import name_in_cluster
from cdk_app.gpu.fleet import GpuFleet
from cdk_app.packaging.python_function import Access, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.tables import JobsTable
from cdk_app.workflows.expressions import write_object
from cdk_app.workflows.render_workflow import RenderWorkflow
from craftspark.fleet.interruptions.failed_launches import LAUNCH_FAILED
from craftspark.fleet.interruptions.notices import InstanceNotice, NoticeKind
from craftspark.settings.interruptions import NoticeSettings, TaskEndSettings

TIMEOUT = Duration.seconds(30)


class Interruptions(Construct):
    """Rules of EventBridge: `drain_instance` gets notices and failed launches of spot instances, and `settle_task` gets
    stopped tasks.

    `dead_letters` gets the events that they cannot handle.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        fleet: GpuFleet,
        workflow: RenderWorkflow,
        jobs: JobsTable,
        stage: Stage,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self._fleet, self._stage, self._dead_letters = fleet, stage, dead_letters
        drain = self._create_function(
            "DrainInstance",
            "drain_instance",
            Access(settings=(self._fill_notice_settings(jobs),), grants=(jobs.grant_count, self._grant_drain)),
        )
        self._invoke(
            "Notices",
            drain,
            events.EventPattern(source=["aws.ec2"], detail_type=list(NoticeKind)),
            events.RuleTargetInput.from_object(
                write_object(
                    InstanceNotice,
                    event_id=events.EventField.event_id,
                    kind=events.EventField.detail_type,
                    instance_id=events.EventField.from_path("$.detail.instance-id"),
                )
            ),
        )
        self._invoke(
            "FailedLaunches",
            drain,
            events.EventPattern(
                source=["aws.autoscaling"],
                detail_type=[LAUNCH_FAILED],
                detail={"AutoScalingGroupName": list(self._name_spot_groups())},
            ),
        )
        settings = TaskEndSettings(jobs_table=jobs.table.table_name)
        returns = [work.grant_return for pool in fleet.pools.values() for work in pool.work.values()]
        self.settle_task = self._create_function(
            "SettleTask",
            "settle_task",
            Access(
                settings=(settings,),
                grants=(jobs.grant_clear_tasks, self._grant_describe, workflow.grant_fail, *returns),
            ),
        )
        self._invoke(
            "StoppedTasks",
            self.settle_task,
            events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Task State Change"],
                detail={"clusterArn": [fleet.cluster.cluster_arn], "lastStatus": ["STOPPED"]},
            ),
            events.RuleTargetInput.from_event_path("$.detail"),
        )

    def _fill_notice_settings(self, jobs: JobsTable) -> NoticeSettings:
        providers = {
            capacity.provider.capacity_provider_name: name
            for name, pool in self._fleet.pools.items()
            for capacity in (pool.spot, pool.on_demand)
        }
        return NoticeSettings(
            jobs_table=jobs.table.table_name,
            cluster=self._fleet.cluster.cluster_name,
            capacity_providers=json.dumps(providers),
            spot_groups=json.dumps(self._name_spot_groups()),
        )

    def _name_spot_groups(self) -> dict[str, str]:
        """The pool of each Auto Scaling group of spot instances."""
        return {pool.spot.group.auto_scaling_group_name: name for name, pool in self._fleet.pools.items()}

    def _grant_drain(self, function: iam.IGrantable) -> None:
        cluster = self._fleet.cluster
        iam.Grant.add_to_principal(
            grantee=function, actions=["ecs:ListContainerInstances"], resource_arns=[cluster.cluster_arn]
        )
        actions = ("DescribeContainerInstances", "UpdateContainerInstancesState", "ListTasks")
        self._grant_in_cluster(function, "container-instance", *actions)
        self._grant_in_cluster(function, "task", "StopTask")

    def _grant_describe(self, function: iam.IGrantable) -> None:
        self._grant_in_cluster(function, "task", "DescribeTasks")

    def _grant_in_cluster(self, function: iam.IGrantable, resource: str, *actions: str) -> None:
        cluster = self._fleet.cluster
        iam.Grant.add_to_principal(
            grantee=function,
            actions=[f"ecs:{action}" for action in actions],
            resource_arns=[name_in_cluster(cluster, resource)],
            conditions={"ArnEquals": {"ecs:cluster": cluster.cluster_arn}},
        )

    def _create_function(self, construct_id: str, name: str, access: Access) -> PythonFunction:
        return PythonFunction(
            self,
            construct_id,
            name=name,
            stage=self._stage,
            timeout=TIMEOUT,
            access=access,
            dead_letters=self._dead_letters,
        )

    def _invoke(self, name: str, function: PythonFunction, pattern: events.EventPattern, given: Any = None) -> None:
        """Invoke the function with `given`, or with the whole event."""
        target = targets.LambdaFunction(function.function, dead_letter_queue=self._dead_letters, event=given)
        events.Rule(self, name, event_pattern=pattern, targets=[target])
