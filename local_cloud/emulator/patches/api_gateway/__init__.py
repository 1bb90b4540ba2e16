"""Patches of HTTP APIs."""

from local_cloud.emulator.patches.api_gateway import cors, function_errors, limits, request_metrics, stages
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    cors.PATCH,
    function_errors.PATCH,
    limits.PATCH,
    request_metrics.PATCH,
    stages.PATCH,
)
