"""Values of a metric that are equal and of the same minute are one data point with a count.

Gap: each value that a service records stays in memory as a separate point for two weeks. With a metric for each
invocation of a function, a busy local cloud would grow by gigabytes.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html
"""

import threading
import time

from ministack.services import cloudwatch

from local_cloud.emulator.patching import Patch, Replacement, Target

MINUTE_S = 60
# Equal values of a minute are found among this many points. Metrics with more values have more points.
RECENT = 20

_recording = threading.Lock()


def record_metric(
    namespace: str,
    metric_name: str,
    value: float,
    unit: str = "None",
    dimensions: dict[str, str] | None = None,
    timestamp: float | None = None,
) -> None:
    """Record a value, of now if there is no `timestamp` in seconds since 1970."""
    dims, at = dict(dimensions or {}), time.time() if timestamp is None else timestamp
    with _recording:
        points = cloudwatch._metric_bucket((namespace, metric_name, cloudwatch._dims_key(dims)))
        for point in points[-RECENT:]:
            same_minute = point["Timestamp"] // MINUTE_S == at // MINUTE_S
            if same_minute and (point["Value"], point["Unit"]) == (float(value), unit) and "_stat" not in point:
                point["Count"] = point.get("Count", 1.0) + 1
                return
        points.append({"Timestamp": at, "Value": float(value), "Unit": unit, "Dimensions": dims})


PATCH = Patch(
    name="metric points",
    gap="each recorded value is a separate point",
    targets=(
        Replacement(cloudwatch, "record_metric", "7f777bfbe523a0c546fed315883fc1cb", record_metric),
        Target(cloudwatch, "_metric_bucket", "be62c5f1548dc00e647398b13b9d279c"),
        Target(cloudwatch, "_point_stats", "56fe58fc91f5bb2a61579a3d8fd3819a"),
    ),
)
