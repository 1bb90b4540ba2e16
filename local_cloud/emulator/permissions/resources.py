"""The resources that a request is checked on, where the emulator checks another one or only the first.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.core.responses import get_account_id, get_region

from local_cloud.emulator.task_tokens import machine_of

Body = Mapping[str, Any]


def cluster_arn(body: Body) -> str:
    """The ARN of the cluster that an ECS request names."""
    return _ecs("cluster", _name(body.get("cluster") or "default"))


def _ecs(kind: str, *names: str) -> str:
    return f"arn:aws:ecs:{get_region()}:{get_account_id()}:{'/'.join((kind, *names))}"


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _in_cluster(kind: str, references: Sequence[str], body: Body) -> list[str]:
    """The ARNs of tasks, services or container instances, which a request names by their ARN or in the cluster."""
    cluster = _name(cluster_arn(body))
    return [each if each.startswith("arn:") else _ecs(kind, cluster, each) for each in references]


def _many(kind: str, field: str) -> Callable[[Body], list[str]]:
    return lambda body: _in_cluster(kind, body.get(field) or [], body)


def _one(kind: str, field: str) -> Callable[[Body], list[str]]:
    return lambda body: _in_cluster(kind, [body[field]] if body.get(field) else [], body)


def _definition(body: Body) -> list[str]:
    reference = str(body.get("taskDefinition", ""))
    return [reference if reference.startswith("arn:") else _ecs("task-definition", reference)]


def _nothing(body: Body) -> list[str]:
    return []


def _machine(body: Body) -> list[str]:
    return [machine_of(str(body.get("taskToken", "")))]


# By action. An action whose request names no resource is checked on all.
RESOURCES: Mapping[str, Callable[[Body], list[str]]] = {
    "ecs:DescribeContainerInstances": _many("container-instance", "containerInstances"),
    "ecs:DescribeServices": _many("service", "services"),
    "ecs:DescribeTaskDefinition": _nothing,
    "ecs:DescribeTasks": _many("task", "tasks"),
    "ecs:GetTaskProtection": _many("task", "tasks"),
    "ecs:ListContainerInstances": lambda body: [cluster_arn(body)],
    "ecs:ListTasks": _one("container-instance", "containerInstance"),
    "ecs:RunTask": _definition,
    "ecs:StopTask": _one("task", "task"),
    "ecs:UpdateContainerInstancesState": _many("container-instance", "containerInstances"),
    "ecs:UpdateService": _one("service", "service"),
    "ecs:UpdateTaskProtection": _many("task", "tasks"),
    "states:SendTaskFailure": _machine,
    "states:SendTaskHeartbeat": _machine,
    "states:SendTaskSuccess": _machine,
}


def resources_of(action: str, body: Body) -> list[str] | None:
    """The ARNs that an action is checked on, each of which must be allowed. None leaves it to the emulator."""
    find = RESOURCES.get(action)
    return None if find is None else [arn for arn in find(body) if arn] or ["*"]
