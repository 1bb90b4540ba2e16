"""Managed scaling: a cluster takes 500 waiting tasks, and each provider reports what its tasks need of its instances.

Gap: the emulator lets any number of tasks wait for capacity, and has no metric of it, so an alarm on missing instances
never rings.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json, request_scope
from ministack.services import ecs

from local_cloud.emulator.patches.cloudwatch.metric_points import record_metric
from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.emulator.tasks.capacity import find_shortage, tasks_of

NAMESPACE = "AWS/ECS/ManagedScaling"
MAX_PROVISIONING = 500
EXCEEDED = "Tasks provisioning capacity limit exceeded."


def extend_run(run_task: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """Refuse a task of no service while as many tasks as a cluster takes wait for instances."""

    def run_if_room(data: dict[str, Any]) -> Any:
        launched = not str(data.get("group") or "").startswith("service:")
        if launched and count_provisioning(data) + int(data.get("count", 1)) > MAX_PROVISIONING:
            return error_response_json("ClientException", EXCEEDED, 400)
        return run_task(data)

    return run_if_room


def count_provisioning(data: Mapping[str, Any]) -> int:
    """How many tasks of the request's cluster wait for instances of a capacity provider."""
    cluster = ecs._clusters.get(ecs._resolve_cluster_name(data.get("cluster", "default"))) or {}
    return sum(
        task["lastStatus"] == "PROVISIONING" and bool(task.get("capacityProviderName"))
        for task in list(ecs._tasks.values())
        if task["clusterArn"] == cluster.get("clusterArn")
    )


def sample() -> None:
    """Record the reservation of each capacity provider of each cluster."""
    for (account, region, name), cluster in list(ecs._clusters.to_dict().items()):
        with request_scope(account, region):
            for provider in cluster.get("capacityProviders") or ():
                if _is_managed(provider):
                    dimensions = {"CapacityProviderName": provider, "ClusterName": name}
                    record_metric(NAMESPACE, "CapacityProviderReservation", reserve(provider), "None", dimensions)


def reserve(provider: str) -> float:
    """The instances that the tasks need, as a percentage of those that run. Tasks that fit on none need none."""
    running = needed = 0
    for task in tasks_of(provider):
        placed = bool(task.get("_placed"))
        running += placed
        needed += placed or find_shortage(task) is None
    if running == 0:
        return 200.0 if needed else 100.0
    return 100.0 * needed / running


def _is_managed(provider: str) -> bool:
    record = ecs._capacity_providers.get(provider) or {}
    scaling = record.get("autoScalingGroupProvider", {}).get("managedScaling") or {}
    return bool(scaling.get("status") == "ENABLED")


PATCH = Patch(
    name="managed scaling",
    gap="any number of tasks may wait for instances, and capacity providers have no metric",
    targets=(
        Extension(ecs, "_run_task", "6e96d8f5a5b850d7f8738c33265138f2", extend_run),
        Extension(ecs._ACTION_MAP, "RunTask", "6e96d8f5a5b850d7f8738c33265138f2", extend_run),
        Target(ecs, "_create_capacity_provider", "8a49109fa2baea916e85e1ca2cd82cf0"),
    ),
)
