"""Alarms over an expression of several metrics.

Gap: CloudFormation refuses them. Here such an alarm is made and described; since nothing computes the expression, no
data ever comes for it, and it stays in the state that it has without data.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Target

NAMESPACE = "MetricMath"  # nobody puts data here

_record = provisioners._cw_metric_alarm_record


def record(name: str, properties: Mapping[str, Any]) -> Any:
    """The alarm's record; one over an expression watches a metric of this name that has no data."""
    metrics = properties.get("Metrics")
    if not metrics:
        return _record(name, properties)
    [answer] = [each for each in metrics if str(each.get("ReturnData", "true")).lower() == "true"]
    alone = {key: value for key, value in properties.items() if key != "Metrics"}
    return _record(name, {**alone, "Namespace": NAMESPACE, "MetricName": answer["Id"]})


PATCH = Patch(
    name="alarms over expressions",
    gap="a stack with an alarm over several metrics is refused",
    targets=(Target(provisioners, "_cw_metric_alarm_record", "4565fcede1ebf266b93fd427e72d1606"),),
    apply=lambda: setattr(provisioners, "_cw_metric_alarm_record", record),
)
