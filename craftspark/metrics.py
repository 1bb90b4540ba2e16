"""Log lines that are also metrics, in CloudWatch's embedded metric format."""

import os
import time
from functools import cache
from typing import Any


def event(name: str) -> dict[str, Any]:
    """The log fields that count one event, such as `JobAccepted`, under the function's `service`."""
    return {"_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [_directive(name)]}, name: 1}


@cache
def _directive(name: str) -> dict[str, Any]:
    return {
        "Namespace": os.environ["POWERTOOLS_METRICS_NAMESPACE"],
        "Dimensions": [["service"]],
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
