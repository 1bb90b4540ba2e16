"""Metrics of the fleet: supply and demand by pool, as the controller emits them."""

from collections.abc import Iterator, Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_app.observability.metrics import MINUTE, PERIOD
from cdk_app.packaging.python_function import METRICS_NAMESPACE
from cdk_app.storage.desired_counts import ON_DEMAND, SPOT

LANES = ("interactive", "bulk")


def draw_supply(pool: str) -> Iterator[cloudwatch.Metric]:
    """The desired and the running tasks of a pool, by capacity type."""
    for capacity in (SPOT, ON_DEMAND):
        for name, label in (("FleetTasksDesired", "desired"), ("FleetTasksRunning", "running")):
            yield _measure(name, f"{pool}, {capacity}, {label}", {"pool": pool, "capacity": capacity})


def draw_demand(pool: str) -> Iterator[cloudwatch.Metric]:
    """The work that waits in a pool, what of it is late, and what arrived since the last decision, by lane."""
    for lane in LANES:
        for name, label in (("FleetBacklog", "waits"), ("FleetLateWork", "late"), ("FleetArrivedWork", "arrived")):
            yield _measure(name, f"{pool}, {lane}, {label}", {"pool": pool, "lane": lane})


def draw_waits(pool: str) -> Iterator[cloudwatch.Metric]:
    """How long the oldest job of a pool has waited, by lane."""
    for lane in LANES:
        yield _measure("FleetOldestWait", f"{pool}, {lane}", {"pool": pool, "lane": lane})


def measure_fleet(name: str, label: str) -> cloudwatch.Metric:
    """A metric of all pools together."""
    return _measure(name, label, {})


def measure_start_delay(pool: str, capacity: str) -> cloudwatch.Metric:
    """For how many cold starts the oldest task has been starting. The minimum ignores a start that has just ended."""
    dimensions = {"pool": pool, "capacity": capacity}
    return _measure("FleetStartDelay", "start delay", dimensions, period=PERIOD, statistic="Minimum")


def _measure(
    name: str, label: str, dimensions: Mapping[str, str], *, period: Duration = MINUTE, statistic: str = "Maximum"
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={**dimensions, "service": "control_fleet"},
        period=period,
        statistic=statistic,
        label=label,
    )
