"""Patches of Lambda, in the order in which they extend its calls."""

from local_cloud.emulator.patches.lambda_functions import (
    concurrency,
    errors,
    exits,
    invocation_metrics,
    packages,
    payloads,
    processes,
    throttles,
)
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    packages.PATCH,
    processes.PATCH,
    concurrency.PATCH,
    errors.PATCH,
    exits.PATCH,
    throttles.PATCH,
    payloads.PATCH,
    invocation_metrics.PATCH,
)
