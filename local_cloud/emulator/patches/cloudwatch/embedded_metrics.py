"""Metrics in a Lambda's log lines reach CloudWatch, if they are in the Embedded Metric Format.

Gap: the emulator stores the lines only as text, so custom metrics and their dashboard and alarms have no data.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudwatch, lambda_svc

from local_cloud.emulator.patching import Patch, Replacement, Target

METADATA_KEY = '"_aws"'

_emit_lambda_logs = lambda_svc._emit_lambda_logs


@dataclass(frozen=True)
class Metric:
    """One value of a metric with one set of dimensions."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: dict[str, str]


def emit_lambda_logs(function: dict[str, Any], request_id: str, log: str, *args: Any, **options: Any) -> None:
    _emit_lambda_logs(function, request_id, log, *args, **options)
    for line in log.splitlines():
        for metric in parse_metrics(line):
            cloudwatch.record_metric(metric.namespace, metric.name, metric.value, metric.unit, metric.dimensions)


def parse_metrics(line: str) -> Iterator[Metric]:
    """The metrics of a line. A line that is not valid in the Embedded Metric Format has no metrics."""
    if METADATA_KEY not in line:
        return
    try:
        fields = json.loads(line)
        for directive in fields["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = {name: str(fields[name]) for name in names}
                for metric in directive["Metrics"]:
                    values = fields[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        unit = metric.get("Unit", "None")
                        yield Metric(directive["Namespace"], metric["Name"], float(value), unit, dimensions)
    except (KeyError, TypeError, ValueError):
        return  # CloudWatch also stores such a line only as text


PATCH = Patch(
    name="embedded metrics",
    gap="metrics in log lines do not reach CloudWatch",
    targets=(
        Replacement(lambda_svc, "_emit_lambda_logs", "111efbf06968bb207427d25f6070f804", emit_lambda_logs),
        Target(lambda_svc, "_execute_function_dispatch", "f62cd259213ecef7ae51bf01a6dd1aa3"),
        Target(cloudwatch, "record_metric", "7f777bfbe523a0c546fed315883fc1cb"),
    ),
)
