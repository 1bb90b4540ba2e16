"""Requests of an HTTP API are counted in CloudWatch, and its answers of 4xx and 5xx.

Gap: the emulator has no metrics of APIs, so an alarm on the errors of an API never rings.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from ministack.services import apigateway

from local_cloud.emulator.patches.cloudwatch.metric_points import record_metric
from local_cloud.emulator.patching import Extension, Patch

NAMESPACE = "AWS/ApiGateway"


def extend_execute(execute: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def execute_and_count(api: str, stage: str, *arguments: Any, **options: Any) -> Any:
        started = time.monotonic()
        answer = await execute(api, stage, *arguments, **options)
        latency_ms = round((time.monotonic() - started) * 1000)
        for dimensions in ({"ApiId": api}, {"ApiId": api, "Stage": stage}):
            record_metric(NAMESPACE, "Count", 1, "Count", dimensions)
            record_metric(NAMESPACE, "4xx", int(400 <= answer[0] < 500), "Count", dimensions)
            record_metric(NAMESPACE, "5xx", int(answer[0] >= 500), "Count", dimensions)
            record_metric(NAMESPACE, "Latency", latency_ms, "Milliseconds", dimensions)
        return answer

    return execute_and_count


PATCH = Patch(
    name="HTTP API metrics",
    gap="requests are not counted in CloudWatch",
    targets=(Extension(apigateway, "handle_execute", "c7a2f92d7eb6b8d55141e5a6b39fbc12", extend_execute),),
)
