"""The container instances of the fleet's cluster, and their tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.fleet.interruptions.notices import FleetInstance

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

ZONE, TYPE = "ecs.availability-zone", "ecs.instance-type"
# ECS responds with one of these for a container instance or a task that it no longer has, or that has another state.
GONE = frozenset({"InvalidParameterException", "ClientException"})


@dataclass(frozen=True, kw_only=True)
class ClusterInstances:
    """The instances of one cluster. `pools` has the pool of each capacity provider."""

    client: ECSClient
    cluster: str
    pools: Mapping[str, str]

    def find(self, instance_id: str) -> FleetInstance | None:
        """The instance with this EC2 ID. None if the cluster does not have it or it has no capacity of a pool."""
        arns = self.client.list_container_instances(cluster=self.cluster, filter=f"ec2InstanceId == {instance_id}")
        if not arns["containerInstanceArns"]:
            return None
        found = self.client.describe_container_instances(
            cluster=self.cluster, containerInstances=arns["containerInstanceArns"]
        )
        for instance in found["containerInstances"]:
            pool = self.pools.get(instance.get("capacityProviderName", ""))
            if pool:
                attributes = {each["name"]: each.get("value", "") for each in instance["attributes"]}
                return FleetInstance(
                    arn=instance["containerInstanceArn"],
                    pool=pool,
                    zone=attributes[ZONE],
                    family=attributes[TYPE].partition(".")[0],
                )
        return None

    def drain(self, instance: FleetInstance) -> bool:
        """Place no more tasks on the instance. Returns False if ECS does not run tasks on it: it registers, or ends."""
        try:
            response = self.client.update_container_instances_state(
                cluster=self.cluster, containerInstances=[instance.arn], status="DRAINING"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return False
            raise
        return bool(response["containerInstances"])

    def stop_tasks(self, instance: FleetInstance, reason: str) -> list[str]:
        """Send SIGTERM to all tasks of the instance that are meant to run. Returns the ARNs of those that there are."""
        pages = self.client.get_paginator("list_tasks").paginate(
            cluster=self.cluster, containerInstance=instance.arn, desiredStatus="RUNNING"
        )
        return [task for page in pages for task in page["taskArns"] if self._stop(task, reason)]

    def _stop(self, task: str, reason: str) -> bool:
        try:
            self.client.stop_task(cluster=self.cluster, task=task, reason=reason)
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return False
            raise
        return True
