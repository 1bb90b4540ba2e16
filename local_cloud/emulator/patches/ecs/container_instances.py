"""Container instances: each task has a separate EC2 instance with one GPU.

Gap: tasks name container instances that the emulator can neither list, describe nor drain, and Auto Scaling groups
forget their instance types.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import ecs
from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patches.ecs.task_states import reconcile, stop
from local_cloud.emulator.patching import Patch, Replacement, Target
from local_cloud.emulator.tasks.capacity import instance_types
from local_cloud.emulator.tasks.records import HOSTED, Task, cluster_of, instance_id, instance_number, is_of_service

DRAINED = "Task stopped during instance draining"

_asg_fields = provisioners._asg_fields


class FilterInvalid(ValueError):
    """The filter of ListContainerInstances uses a part of the cluster query language that is missing here."""


def keep_instance_types(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an Auto Scaling group, with its instance types."""
    fields: dict[str, Any] = _asg_fields(properties)
    return fields | {"MixedInstancesPolicy": properties.get("MixedInstancesPolicy", {})}


def describe(task: Task) -> dict[str, Any]:
    """The container instance of a task, as DescribeContainerInstances returns it."""
    number = instance_number(task)
    provider = task.get("capacityProviderName")
    types = instance_types(provider)
    attributes = {
        "ecs.availability-zone": task["availabilityZone"],
        "ecs.instance-type": types[int(number, 16) % len(types)],
        "ecs.os-type": "linux",
        "ecs.cpu-architecture": "x86_64",
    }
    draining = bool(task.get("_draining"))
    return {
        "containerInstanceArn": task["containerInstanceArn"],
        "ec2InstanceId": instance_id(task),
        **({"capacityProviderName": provider} if provider else {}),
        "version": 2 if draining else 1,
        "status": "DRAINING" if draining else "ACTIVE",
        "agentConnected": True,
        "runningTasksCount": int(task["lastStatus"] == "RUNNING"),
        "pendingTasksCount": int(task["lastStatus"] == "PENDING"),
        "registeredResources": [{"name": "GPU", "type": "STRINGSET", "stringSetValue": ["GPU-0"]}],
        "remainingResources": [{"name": "GPU", "type": "STRINGSET", "stringSetValue": []}],
        "attributes": [{"name": name, "value": value} for name, value in attributes.items()],
        "registeredAt": task["createdAt"],
        "attachments": [],
        "tags": [],
    }


def list_container_instances(data: dict[str, Any]) -> Any:
    cluster = _cluster(data)
    if cluster is None:
        return error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
    try:
        matches = parse_filter(data.get("filter") or "")
    except FilterInvalid as error:
        return error_response_json("InvalidParameterException", str(error), 400)
    status = data.get("status")
    found = [instance for instance in map(describe, _hosted(cluster)) if status in (None, instance["status"])]
    arns = [instance["containerInstanceArn"] for instance in found if matches(instance)]
    start, size = int(data.get("nextToken") or 0), data.get("maxResults", 100)
    more = {"nextToken": str(start + size)} if start + size < len(arns) else {}
    return json_response({"containerInstanceArns": arns[start : start + size], **more})


def describe_container_instances(data: dict[str, Any]) -> Any:
    return _for_each(data, describe)


def update_container_instances_state(data: dict[str, Any]) -> Any:
    """UpdateContainerInstancesState. The scheduler stops the service's task on an instance that drains."""
    status = data.get("status")
    if status not in ("ACTIVE", "DRAINING"):
        return error_response_json("InvalidParameterException", f"The status {status} is not supported.", 400)
    if len(data.get("containerInstances", [])) > 10:
        return error_response_json("InvalidParameterException", "There are more than 10 container instances.", 400)

    def update(task: Task) -> dict[str, Any]:
        task["_draining"] = status == "DRAINING"
        if task["_draining"]:
            drain(task)
        return describe(task)

    return _for_each(data, update)


def drain(task: Task) -> None:
    """Stop a service's task, unless the service would run fewer tasks than its minimumHealthyPercent allows.

    Then AWS starts a replacement first, which takes longer than a spot notice lasts.
    """
    if not is_of_service(task):
        return
    service = ecs._services.get(f"{cluster_of(task)}/{task['group'].partition(':')[2]}")
    if service is None:
        return
    percent = service.get("deploymentConfiguration", {}).get("minimumHealthyPercent", 100)
    least = math.ceil(service["desiredCount"] * percent / 100)
    running = sum(
        other["lastStatus"] == "RUNNING"
        for other in _hosted(cluster_of(task))
        if other.get("group") == task["group"] and other is not task
    )
    if task["lastStatus"] != "RUNNING" or running >= least:
        stop(task, DRAINED, "ServiceSchedulerInitiated")
        reconcile(task)


def parse_filter(expression: str) -> Callable[[Mapping[str, Any]], bool]:
    """A function from an instance to whether it matches. Raises FilterInvalid.

    It knows `==`, `!=` and `in` with the EC2 instance ID or an attribute: `ec2InstanceId in ['i-1', 'i-2']` and
    `attribute:ecs.instance-type == g5.xlarge`.
    """
    if not expression.strip():
        return lambda instance: True
    parsed = re.fullmatch(r"\s*(ec2InstanceId|attribute:[\w.-]+)\s*(==|!=|in)\s*(.+?)\s*", expression)
    if parsed is None:
        raise FilterInvalid(f"The filter {expression} is not supported.")
    subject, operator, operand = parsed.groups()
    wanted = {value.strip(" '\"") for value in operand.strip("[]").split(",")}

    def matches(instance: Mapping[str, Any]) -> bool:
        attributes = {f"attribute:{each['name']}": each["value"] for each in instance["attributes"]}
        actual = (attributes | {"ec2InstanceId": instance["ec2InstanceId"]}).get(subject)
        return (actual in wanted) is (operator != "!=")

    return matches


def _for_each(data: dict[str, Any], act: Callable[[Task], dict[str, Any]]) -> Any:
    """Call `act` with the task of each container instance of the request. Unknown ones are failures."""
    cluster = _cluster(data)
    if cluster is None:
        return error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
    tasks = {task["containerInstanceArn"].rpartition("/")[2]: task for task in _hosted(cluster)}
    instances, failures = [], []
    for reference in data.get("containerInstances", []):
        if task := tasks.get(reference.rpartition("/")[2]):
            instances.append(act(task))
        else:
            failures.append({"arn": reference, "reason": "MISSING"})
    return json_response({"containerInstances": instances, "failures": failures})


def _hosted(cluster: str) -> Iterator[Task]:
    for task in list(ecs._tasks.values()):
        if task["lastStatus"] in HOSTED and cluster_of(task) == cluster:
            yield task


def _cluster(data: Mapping[str, Any]) -> str | None:
    name = ecs._resolve_cluster_name(data.get("cluster", "default"))
    return name if name in ecs._clusters else None


PATCH = Patch(
    name="container instances",
    gap="the instances of tasks cannot be listed, described or drained",
    targets=(
        Replacement(
            ecs._ACTION_MAP, "ListContainerInstances", "cd6b8636d5cfde38f276c4a680dc1fcb", list_container_instances
        ),
        Replacement(
            ecs._ACTION_MAP,
            "DescribeContainerInstances",
            "6293d02d3959b6d6e0bf95ccf5361bef",
            describe_container_instances,
        ),
        Replacement(ecs._ACTION_MAP, "UpdateContainerInstancesState", None, update_container_instances_state),
        Replacement(provisioners, "_asg_fields", "466daa0a0e68b9d39265b4a1236d63e0", keep_instance_types),
        Target(provisioners, "_asg_create", "bb3f047b02777caf1da0d479d11234ad"),
        Target(ecs, "_reconcile_service_tasks", "16e4d03cbf75322f8ecc43ac416487dc"),
    ),
)
