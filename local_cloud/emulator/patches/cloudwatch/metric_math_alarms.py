"""Alarms on a metric math expression.

Gap: CloudFormation rejects them. With this patch, such an alarm is created and described. Its expression is never
computed, so the alarm stays in its state for missing data.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Replacement

NAMESPACE = "MetricMath"  # has no data

_build_record = provisioners._cw_metric_alarm_record


def build_record(name: str, properties: Mapping[str, Any]) -> Any:
    """The alarm's record. An alarm on an expression gets a metric with the expression's ID, which has no data."""
    metrics = properties.get("Metrics")
    if not metrics:
        return _build_record(name, properties)
    [expression] = [metric for metric in metrics if str(metric.get("ReturnData", "true")).lower() == "true"]
    others = {key: value for key, value in properties.items() if key != "Metrics"}
    return _build_record(name, {**others, "Namespace": NAMESPACE, "MetricName": expression["Id"]})


PATCH = Patch(
    name="metric math alarms",
    gap="a stack with an alarm on an expression fails",
    targets=(Replacement(provisioners, "_cw_metric_alarm_record", "4565fcede1ebf266b93fd427e72d1606", build_record),),
)
