"""The data points of the metrics that an alarm watches."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudwatch

from local_cloud.emulator.alarms.expressions import Series, compute

MINUTE_S = 60
ENVELOPE = "Metrics"  # the property of an alarm that watches an expression


@dataclass(frozen=True)
class Windows:
    """Periods of an alarm, the oldest first. The last one ends with the last whole minute."""

    end: float
    period_s: int
    count: int

    @classmethod
    def until(cls, now: float, period_s: int, count: int) -> "Windows":
        """The windows of an evaluation at `now`. They slide, but not within a minute, or ten seconds if the period is
        shorter than a minute.
        """
        step = MINUTE_S if period_s >= MINUTE_S else 10
        return cls(now // step * step, period_s, count)

    def starts(self) -> list[float]:
        return [self.end - self.period_s * (self.count - index) for index in range(self.count)]


def period_of(alarm: Mapping[str, Any]) -> int:
    """The period in seconds, of all metrics of the alarm."""
    for query in alarm.get(ENVELOPE, ()):
        if period := query.get("MetricStat", query).get("Period"):
            return int(period)
    return int(alarm.get("Period") or MINUTE_S)


def read(alarm: Mapping[str, Any], windows: Windows) -> Series:
    """The value of each window, or None without a data point. Raises ExpressionUnsupported."""
    queries = alarm.get(ENVELOPE)
    if not queries:
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        return read_metric(alarm, statistic, alarm.get("Unit"), windows)
    stats = {each["Id"]: each["MetricStat"] for each in queries if each.get("MetricStat")}
    metrics = {id_: read_metric(stat["Metric"], stat["Stat"], stat.get("Unit"), windows) for id_, stat in stats.items()}
    computed: dict[str, Series] = {}
    for query in _in_order(queries):
        computed[query["Id"]] = compute(query["Expression"], metrics, computed, windows.count)
    return {**metrics, **computed}[watched(queries)["Id"]]


def watched(queries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The metric or expression whose values the alarm compares."""
    [found] = [each for each in queries if str(each.get("ReturnData", "true")).lower() == "true"]
    return found


def read_metric(metric: Mapping[str, Any], statistic: str, unit: str | None, windows: Windows) -> Series:
    """The statistic of one metric, in each window. Only the metric with exactly these dimensions counts."""
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(metric.get("Dimensions") or []))
    points = cloudwatch._metrics.get((metric["Namespace"], metric["MetricName"], dimensions)) or ()
    found = []
    for start in windows.starts():
        inside = [
            each
            for each in list(points)
            if start <= each["Timestamp"] < start + windows.period_s and unit in (None, each["Unit"])
        ]
        found.append(cloudwatch._stat_value(cloudwatch._calc_stats(inside), statistic, inside) if inside else None)
    return tuple(found)


def _in_order(queries: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The expressions, those first that others name."""
    left = [each for each in queries if each.get("Expression")]
    while left:
        names = {each["Id"] for each in left}
        ready = [each for each in left if not _names(each["Expression"], names - {each["Id"]})] or left
        yield from ready
        left = [each for each in left if each not in ready]


def _names(expression: str, ids: set[str]) -> bool:
    return bool(ids & set(re.findall(r"[a-z]\w*", expression)))
