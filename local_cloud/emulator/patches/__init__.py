"""Patches for features that our templates need: one file for each gap, with fingerprints and a contract test."""

from local_cloud.emulator.patches import (
    cloudformation_types,
    ecs_container_instances,
    ecs_task_protection,
    ecs_task_states,
    ecs_tasks,
    embedded_metrics,
    execution_ends,
    execution_history,
    http_api_cors,
    http_api_limits,
    lambda_concurrency,
    lambda_errors,
    lambda_packages,
    lambda_payloads,
    lambda_processes,
    lambda_throttles,
    message_moves,
    metric_math_alarms,
    public_parameters,
    quota_counts,
    state_payloads,
    table_expiry,
    task_callbacks,
    user_pool_issuer,
)
from local_cloud.emulator.patching import Patch
from local_cloud.emulator.task_processes import TaskProcesses


def all_patches(processes: TaskProcesses) -> tuple[Patch, ...]:
    return (
        cloudformation_types.PATCH,
        metric_math_alarms.PATCH,
        public_parameters.PATCH,
        table_expiry.PATCH,
        user_pool_issuer.PATCH,
        http_api_cors.PATCH,
        http_api_limits.PATCH,
        lambda_packages.PATCH,
        lambda_processes.PATCH,
        lambda_concurrency.PATCH,
        lambda_errors.PATCH,
        lambda_throttles.PATCH,
        lambda_payloads.PATCH,
        message_moves.PATCH,
        embedded_metrics.PATCH,
        execution_history.PATCH,
        state_payloads.PATCH,
        task_callbacks.PATCH,
        execution_ends.PATCH,
        ecs_tasks.patch(processes),
        ecs_task_states.PATCH,
        ecs_task_protection.PATCH,
        ecs_container_instances.PATCH,
        quota_counts.PATCH,
    )
