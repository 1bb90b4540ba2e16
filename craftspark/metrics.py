"""Log lines that are also metrics, in CloudWatch's embedded metric format."""

import os
import time
from functools import cache
from typing import Any


def event(name: str, **dimensions: str) -> dict[str, Any]:
    """The log fields that count one event, such as `JobAccepted`, under the function's `service`.

    With `dimensions`, it is counted a second time under all of them, each of which becomes a field of the line.
    Each combination of their values is a separate metric, so their values must be few.
    """
    directive = _directive(name, tuple(dimensions))
    return {"_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}, **dimensions, name: 1}


@cache
def _directive(name: str, dimensions: tuple[str, ...]) -> dict[str, Any]:
    return {
        "Namespace": os.environ["POWERTOOLS_METRICS_NAMESPACE"],
        "Dimensions": [["service"], *([["service", *dimensions]] if dimensions else [])],
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
