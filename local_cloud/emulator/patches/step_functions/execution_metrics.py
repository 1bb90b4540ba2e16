"""Executions are counted in CloudWatch, by state machine.

Gap: the emulator has no metrics of executions, so alarms on failed or timed out executions never ring.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ministack.services import stepfunctions

from local_cloud.emulator.patches.cloudwatch.metric_points import record_metric
from local_cloud.emulator.patching import Extension, Patch

NAMESPACE = "AWS/States"
METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def extend_emit(emit: Callable[..., None]) -> Callable[..., None]:
    """Count each change of an execution's status. An Express execution has no event of it, but metrics."""

    def emit_and_count(execution: Mapping[str, Any]) -> None:
        dimensions = {"StateMachineArn": execution["stateMachineArn"]}
        record_metric(NAMESPACE, METRICS[execution["status"]], 1, "Count", dimensions)
        if execution["status"] != "RUNNING":
            record_metric(NAMESPACE, "ExecutionTime", _duration_ms(execution), "Milliseconds", dimensions)
        emit(execution)

    return emit_and_count


def _duration_ms(execution: Mapping[str, Any]) -> int:
    start, stop = (datetime.fromisoformat(execution[key]) for key in ("startDate", "stopDate"))
    return round((stop - start).total_seconds() * 1000)


PATCH = Patch(
    name="execution metrics",
    gap="executions are not counted in CloudWatch",
    targets=(
        Extension(stepfunctions, "_emit_execution_status_event", "9c89e45693e353eb9d427665ea17e988", extend_emit),
    ),
)
