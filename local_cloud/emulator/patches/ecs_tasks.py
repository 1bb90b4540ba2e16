"""GPU tasks and services run as local processes.

Gap: without Docker, a task says RUNNING and nothing runs. Here a stand-in takes the Docker client's place, so that the
emulator's own scheduler starts, watches, replaces and stops processes as it would containers.
"""

from collections.abc import Mapping, Sequence

from ministack.services import ecs

from local_cloud.emulator.patching import Patch, Target
from local_cloud.emulator.task_processes import CONTAINER, FAMILY, REVISION, TASK_ARN, TaskFacts, TaskProcesses

DEFAULT_STOP_TIMEOUT_S = 30.0


def facts_of(labels: Mapping[str, str]) -> TaskFacts:
    """A container's labels lead to its task and to its container definition."""
    definition = ecs._task_defs.get(f"{labels[FAMILY]}:{labels[REVISION]}") or {}
    containers = {container["name"]: container for container in definition.get("containerDefinitions", [])}
    task = ecs._tasks.get(labels[TASK_ARN]) or {}
    stop_timeout = containers.get(labels[CONTAINER], {}).get("stopTimeout", DEFAULT_STOP_TIMEOUT_S)
    return TaskFacts(group=task.get("group") or "", stop_grace_s=float(stop_timeout))


class TaskDemand:
    """The tasks that want cores, for `Places`."""

    def launched(self) -> Sequence[str]:
        """The ARNs of launched tasks that nobody has stopped, in the order of RunTask, which adds them."""
        return [
            arn for arn, task in ecs._tasks.items() if not (task.get("group") or "") and ecs._task_is_active(arn, task)
        ]

    def service_tasks(self) -> int:
        """How many tasks the services want to run."""
        return sum(
            service.get("desiredCount", 0)
            for _, service in ecs._services.all_items()
            if service.get("status") == "ACTIVE"
        )


def retire_services() -> None:
    """Keep the scheduler from replacing the tasks that are stopped next."""
    for _, service in ecs._services.all_items():
        service["status"] = "DRAINING"


def patch(processes: TaskProcesses) -> Patch:
    return Patch(
        name="ECS tasks as processes",
        gap="a task needs Docker to run",
        # The Docker client is used in these places, and in these ways, alone.
        targets=(
            Target(ecs, "_docker", None),
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
        apply=lambda: setattr(ecs, "_docker", processes),
    )
