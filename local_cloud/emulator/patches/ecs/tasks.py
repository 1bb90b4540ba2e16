"""GPU tasks and services run as local processes.

Gap: without Docker, a task has the status RUNNING but no process. This patch replaces the Docker client, so the
emulator's scheduler starts, monitors, replaces and stops local processes instead of containers.
"""

from collections.abc import Mapping, Sequence

from ministack.services import ecs

from local_cloud.emulator.patching import Patch, Replacement, Target
from local_cloud.emulator.permissions.identities import assume_role
from local_cloud.emulator.tasks.processes import CONTAINER, FAMILY, REVISION, TASK_ARN, TaskDetails, TaskProcesses
from local_cloud.emulator.tasks.records import is_of_service

DEFAULT_STOP_TIMEOUT_S = 30.0


def read_details(labels: Mapping[str, str]) -> TaskDetails:
    """The details of a container's task. The labels name the task and the container definition."""
    definition = ecs._task_defs.get(f"{labels[FAMILY]}:{labels[REVISION]}") or {}
    containers = {container["name"]: container for container in definition.get("containerDefinitions", [])}
    task = ecs._tasks.get(labels[TASK_ARN]) or {}
    group = task["group"] if is_of_service(task) else ""
    stop_timeout = containers.get(labels[CONTAINER], {}).get("stopTimeout", DEFAULT_STOP_TIMEOUT_S)
    role, name = definition.get("taskRoleArn"), labels[TASK_ARN].rpartition("/")[2]
    credentials = assume_role(role, name) if role else {}
    return TaskDetails(group=group, stop_grace_s=float(stop_timeout), credentials=credentials)


class EcsTaskDemand:
    """The tasks of a family that need cores, for `TaskSlots`."""

    def __init__(self, family: str) -> None:
        self._family = family

    def launched_tasks(self) -> Sequence[str]:
        """The ARNs of launched tasks that are not stopped, in the order of RunTask."""
        return [
            arn
            for arn, task in ecs._tasks.items()
            if not is_of_service(task)
            and task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0] == self._family
            and ecs._task_is_active(arn, task)
        ]

    def service_tasks(self) -> int:
        """The desired number of tasks of all services."""
        return sum(
            service.get("desiredCount", 0)
            for _, service in ecs._services.all_items()
            if service.get("status") == "ACTIVE"
        )


def drain_services() -> None:
    """Prevent the scheduler from replacing tasks that stop."""
    for _, service in ecs._services.all_items():
        service["status"] = "DRAINING"


def patch(processes: TaskProcesses) -> Patch:
    return Patch(
        name="ECS tasks as processes",
        gap="a task needs Docker to run",
        targets=(
            Replacement(ecs, "_docker", None, processes),
            # All functions that use the Docker client.
            Target(ecs, "_get_docker", "a161d31a7eef7c5cd35d40f76a9b8d35"),
            Target(ecs, "_build_run_kwargs", "25f7593b8823a519b55a59f953c8664a"),
            Target(ecs, "_prepare_service_images", "609db0fe0afd235fdbe4b5f631384165"),
            Target(ecs, "_run_docker_container", "9630f0c32368b5586ca31d29a1c55387"),
            Target(ecs, "_attach_started_container", "460d804afde7d4c169f7c1829f2f8c25"),
            Target(ecs, "_forward_awslogs", "a98a3026666be9add7cd04c998e6883c"),
            Target(ecs, "_maybe_mark_stopped", "c9797b050da2712b6a2f9e917e25ec53"),
            Target(ecs, "_remove_docker_container", "209837990b2f6cbeb84ccf93c1c80925"),
            Target(ecs, "_reconcile_service_tasks", "16e4d03cbf75322f8ecc43ac416487dc"),
            Target(ecs, "_run_task", "6e96d8f5a5b850d7f8738c33265138f2"),
            Target(ecs, "_task_is_active", "9745462eeaebb658599c105438bdc057"),
            Target(ecs, "_fail_task_start", "10551bfd5dedcb2dad373dd8a3ef6b12"),
        ),
    )
