"""Patches of CloudWatch."""

from local_cloud.emulator.patches.cloudwatch import alarm_states, embedded_metrics, metric_points
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    metric_points.PATCH,
    alarm_states.PATCH,
    embedded_metrics.PATCH,
)
