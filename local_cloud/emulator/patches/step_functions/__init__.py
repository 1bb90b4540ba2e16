"""Patches of Step Functions."""

from local_cloud.emulator.patches.step_functions import (
    execution_ends,
    execution_history,
    execution_metrics,
    execution_starts,
    requests,
    retries,
    service_faults,
    state_payloads,
    task_callbacks,
    task_launches,
)
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    execution_history.PATCH,
    execution_starts.PATCH,
    state_payloads.PATCH,
    task_callbacks.PATCH,
    execution_ends.PATCH,
    execution_metrics.PATCH,
    service_faults.PATCH,
    retries.PATCH,
    requests.PATCH,
    task_launches.PATCH,
)
