"""An alarm has the state that its data points ask for, each minute, also if it watches a metric math expression.

Gap: the emulator evaluates an alarm only when somebody puts metric data, so alarms on metrics of AWS never change. It
looks at the metrics of all dimensions together, does not know missing data or `DatapointsToAlarm`, and refuses alarms
on expressions.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local_cloud.emulator.alarms import evaluation
from local_cloud.emulator.alarms.datapoints import ENVELOPE, Windows, period_of, read, watched
from local_cloud.emulator.patching import Patch, Replacement, Target

_build_record = provisioners._cw_metric_alarm_record


def build_record(name: str, properties: Mapping[str, Any]) -> Any:
    """The alarm's record. One on an expression has its metrics. Raises ExpressionUnsupported."""
    queries = properties.get(ENVELOPE)
    if not queries:
        return _build_record(name, properties)
    others = {key: value for key, value in properties.items() if key != ENVELOPE}
    record = _build_record(name, {**others, "Namespace": "-", "MetricName": watched(queries)["Id"]})
    for key in ("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit"):
        record.pop(key, None)
    record[ENVELOPE] = queries
    read(record, Windows.until(0, period_of(record), 1))  # an expression that cannot be computed fails its stack
    return record


def wait_for_the_minute() -> None:
    """Do nothing: data that arrive change no alarm before the next evaluation."""


PATCH = Patch(
    name="alarm states",
    gap="alarms stay in their state, and those on an expression cannot be created",
    targets=(
        Replacement(cloudwatch, "_evaluate_alarm", "a0b0acd3d432b711a4e0a2cc389b6ace", evaluation.evaluate),
        Replacement(cloudwatch, "_evaluate_all_alarms", "f83f88e57f1ccfc9ae5020078bce761c", wait_for_the_minute),
        Replacement(provisioners, "_cw_metric_alarm_record", "4565fcede1ebf266b93fd427e72d1606", build_record),
        Target(cloudwatch, "_stat_value", "cfaad95982333379604e027f8a7e4b63"),
        Target(cloudwatch, "_calc_stats", "889e1bfc89dc8f3a369c58a30f18ada3"),
        Target(cloudwatch, "_record_history", "c5890b06e5c82d3d80855e157b695b5a"),
        Target(cloudwatch, "_dispatch_alarm_actions", "fcf47c0d1e6ec4a03a219d7bf8d5a721"),
        Target(cloudwatch, "_evaluate_parent_alarms", "24a65a9e43d5d48893d44b822c9d3bf2"),
    ),
)
