"""Metrics of CloudWatch in the local cloud."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from local_cloud.launcher.aws_clients import Clients


class Values(NamedTuple):
    total: float
    samples: int


def metric_sum(aws: Clients, namespace: str, metric: str, dimensions: dict[str, str]) -> int:
    """The sum of all values in the last hour."""
    return int(metric_values(aws, namespace, metric, dimensions).total)


def metric_values(aws: Clients, namespace: str, metric: str, dimensions: dict[str, str]) -> Values:
    """The sum and the number of all values in the last hour."""
    now = datetime.now(UTC)
    points = aws["cloudwatch"].get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    return Values(sum(point["Sum"] for point in points), int(sum(point["SampleCount"] for point in points)))
