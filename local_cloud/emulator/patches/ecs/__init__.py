"""Patches of ECS, and of the instances that its tasks run on."""

from local_cloud.emulator.patches.ecs import container_instances, managed_scaling, task_protection, task_states, tasks
from local_cloud.emulator.patching import Patch
from local_cloud.emulator.tasks.processes import TaskProcesses


def patches(processes: TaskProcesses) -> tuple[Patch, ...]:
    return (
        tasks.patch(processes),
        task_states.PATCH,
        managed_scaling.PATCH,
        task_protection.PATCH,
        container_instances.PATCH,
    )
