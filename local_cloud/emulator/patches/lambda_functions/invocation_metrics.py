"""Each invocation of a function is counted in CloudWatch, for all of its callers, and so is each throttle.

Gap: the emulator counts only invocations by the Invoke API. Those by queues, rules, state machines and APIs have no
metrics, so alarms on their errors never ring.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import lambda_svc

from local_cloud.emulator.patches.cloudwatch.metric_points import record_metric
from local_cloud.emulator.patching import Extension, Patch, Replacement

NAMESPACE = "AWS/Lambda"


def extend_dispatch(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    def dispatch_and_count(function: Any, config: Mapping[str, Any], *arguments: Any, **options: Any) -> Any:
        started = time.monotonic()
        result = dispatch(function, config, *arguments, **options)
        dimensions = {"FunctionName": config["FunctionName"]}
        record_metric(NAMESPACE, "Invocations", 1, "Count", dimensions)
        record_metric(NAMESPACE, "Errors", int(bool(result.get("error"))), "Count", dimensions)
        duration_ms = round((time.monotonic() - started) * 1000)
        record_metric(NAMESPACE, "Duration", duration_ms, "Milliseconds", dimensions)
        return result

    return dispatch_and_count


def extend_acquire(acquire: Callable[..., Any]) -> Callable[..., Any]:
    """Count the throttle of an invocation that gets no concurrency. It is no invocation."""

    def acquire_or_count(function: Any, config: Mapping[str, Any]) -> Any:
        slot, limit = acquire(function, config)
        record_metric(NAMESPACE, "Throttles", int(slot is None), "Count", {"FunctionName": config["FunctionName"]})
        return slot, limit

    return acquire_or_count


def count_nothing(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:
    """Do nothing: the invocation is counted where it runs."""


PATCH = Patch(
    name="Lambda metrics",
    gap="only invocations by the Invoke API are counted",
    targets=(
        Extension(lambda_svc, "_execute_function_dispatch", "f62cd259213ecef7ae51bf01a6dd1aa3", extend_dispatch),
        Extension(lambda_svc, "_acquire_execution_slot", "ed3b38149e2e14aaf63ef63060c189a9", extend_acquire),
        Replacement(lambda_svc, "_emit_lambda_metrics", "3b6689d77cf6f1e4a34bbc802897ae14", count_nothing),
    ),
)
