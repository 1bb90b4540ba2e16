"""GPU tasks in ECS: where each runs, and what it does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local_cloud.launcher.cloud import LocalCloud


@dataclass(frozen=True, kw_only=True)
class GpuTask:
    """A task that has not stopped. `state` is starting, running or draining; `capacity` is spot or on demand.

    `service` is empty for a launched task. `instance`, `zone` and `kind` are those of its EC2 instance; they are empty
    while the task waits for one.
    """

    task: str
    pool: str
    service: str
    capacity: str
    state: str
    protected: bool
    instance: str
    zone: str
    kind: str
    stop_grace_s: int


def read_tasks(cloud: LocalCloud) -> list[GpuTask]:
    """The GPU tasks of all pools, oldest first."""
    ecs, cluster = cloud.client("ecs"), cloud.outputs["ClusterName"]
    pages = ecs.get_paginator("list_tasks")
    # A task that drains is listed as one whose desired status is STOPPED. A page has as many as DescribeTasks takes.
    found = [
        task
        for desired in ("RUNNING", "STOPPED")
        for page in pages.paginate(cluster=cluster, desiredStatus=desired, PaginationConfig={"PageSize": 100})
        if page["taskArns"]
        for task in ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]
        if task["lastStatus"] != "STOPPED"
    ]
    return [_to_task(cloud, task) for task in sorted(found, key=lambda task: task["createdAt"])]


def _to_task(cloud: LocalCloud, task: dict[str, Any]) -> GpuTask:
    group = str(task.get("group", ""))
    service = group.removeprefix("service:") if group.startswith("service:") else ""
    instance = next(_describe_instances(cloud, task), {})
    attributes = {each["name"]: each["value"] for each in instance.get("attributes", [])}
    return GpuTask(
        task=task["taskArn"].rpartition("/")[2],
        pool=task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0].rpartition("-")[2].lower(),
        service=service,
        capacity=name_capacity(task.get("capacityProviderName", "")),
        state=_name_state(task),
        protected=bool(service) and _is_protected(cloud, task["taskArn"]),
        instance=instance.get("ec2InstanceId", ""),
        zone=attributes.get("ecs.availability-zone", ""),
        kind=attributes.get("ecs.instance-type", ""),
        stop_grace_s=_read_grace(cloud, task["taskDefinitionArn"]),
    )


def name_capacity(provider: str) -> str:
    """The capacity type of a capacity provider, from the name that its stack gives it."""
    return "on demand" if "OnDemand" in provider else "spot" if "Spot" in provider else ""


def _name_state(task: dict[str, Any]) -> str:
    if task["desiredStatus"] == "STOPPED":
        return "draining"
    return "running" if task["lastStatus"] == "RUNNING" else "starting"


def _describe_instances(cloud: LocalCloud, task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if arn := task.get("containerInstanceArn"):
        yield from cloud.client("ecs").describe_container_instances(
            cluster=cloud.outputs["ClusterName"], containerInstances=[arn]
        )["containerInstances"]


def _is_protected(cloud: LocalCloud, arn: str) -> bool:
    answer = cloud.client("ecs").get_task_protection(cluster=cloud.outputs["ClusterName"], tasks=[arn])
    return any(task["protectionEnabled"] for task in answer["protectedTasks"])


def _read_grace(cloud: LocalCloud, definition: str) -> int:
    described = cloud.client("ecs").describe_task_definition(taskDefinition=definition)["taskDefinition"]
    return int(described["containerDefinitions"][0]["stopTimeout"])
