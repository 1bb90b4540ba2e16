"""Metrics in log lines of the Embedded Metric Format reach CloudWatch: lines of functions, of tasks and of callers.

Gap: the emulator stores the lines only as text, so custom metrics and their dashboard and alarms have no data.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudwatch_logs

from local_cloud.emulator.patches.cloudwatch.metric_points import record_metric
from local_cloud.emulator.patching import Extension, Patch

METADATA_KEY = '"_aws"'


@dataclass(frozen=True)
class Metric:
    """One value of a metric with one set of dimensions."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: dict[str, str]
    timestamp: float  # in seconds since 1970


def extend_append(append: Callable[..., None]) -> Callable[..., None]:
    """Record the metrics of the log events that a stream gets, of functions and of tasks."""

    def append_and_record(stream: Any, events: Sequence[Mapping[str, Any]]) -> None:
        append(stream, events)
        for event in events:
            for metric in parse_metrics(event["message"]):
                record_metric(
                    metric.namespace, metric.name, metric.value, metric.unit, metric.dimensions, metric.timestamp
                )

    return append_and_record


def parse_metrics(line: str) -> Iterator[Metric]:
    """The metrics of a line. A line that is not valid in the Embedded Metric Format has no metrics."""
    if METADATA_KEY not in line:
        return
    try:
        fields = json.loads(line)
        timestamp = float(fields["_aws"]["Timestamp"]) / 1000
        for directive in fields["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = {name: str(fields[name]) for name in names}
                for metric in directive["Metrics"]:
                    values = fields[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        unit = metric.get("Unit", "None")
                        yield Metric(directive["Namespace"], metric["Name"], float(value), unit, dimensions, timestamp)
    except (KeyError, TypeError, ValueError):
        return  # CloudWatch also stores such a line only as text


PATCH = Patch(
    name="embedded metrics",
    gap="metrics in log lines do not reach CloudWatch",
    targets=(Extension(cloudwatch_logs, "_append_log_events", "e47cae7a15a4cc4668b51832593f304d", extend_append),),
)
