"""Patches of Lambda, in the order in which they extend its calls."""

from local_cloud.emulator.patches.lambda_functions import (
    concurrency,
    errors,
    event_source_mappings,
    exits,
    invocation_metrics,
    packages,
    payloads,
    processes,
    queue_batches,
    repeated_events,
    reserved_concurrency,
    stream_batches,
    temporary_files,
    throttles,
)
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    packages.PATCH,
    processes.PATCH,
    temporary_files.PATCH,
    concurrency.PATCH,
    errors.PATCH,
    exits.PATCH,
    throttles.PATCH,
    reserved_concurrency.PATCH,
    repeated_events.PATCH,
    event_source_mappings.PATCH,
    queue_batches.PATCH,
    stream_batches.PATCH,
    payloads.PATCH,
    invocation_metrics.PATCH,
)
