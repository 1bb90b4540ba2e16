"""Patches of CloudWatch."""

from local_cloud.emulator.patches.cloudwatch import embedded_metrics, metric_math_alarms
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    metric_math_alarms.PATCH,
    embedded_metrics.PATCH,
)
