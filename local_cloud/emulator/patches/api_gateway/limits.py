"""An HTTP API refuses a request of over 10 MB, and does not wait for a function longer than its integration's timeout.

Gap: the emulator takes requests of any size and waits for as long as the function runs. On AWS, the timeout is 30
seconds at most, the client gets 503, and the function continues.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.services import apigateway

from local_cloud.emulator.patching import Extension, Patch

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_WAIT_MS = 30_000

Answer = tuple[int, dict[str, str], bytes]

# The event loop has no reference to the invocations that nobody waits for.
_running: set[asyncio.Future[Answer]] = set()


def refuse(status: int, message: str) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()


def extend_execute(execute: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
    async def bound_and_execute(
        api: str, stage: str, path: str, method: str, headers: Any, body: bytes, *rest: Any, **options: Any
    ) -> Answer:
        if len(body) > MAX_BODY_BYTES:
            return refuse(413, "Request Entity Too Large")
        return await execute(api, stage, path, method, headers, body, *rest, **options)

    return bound_and_execute


def extend_invoke(invoke: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
    async def invoke_in_time(integration: Mapping[str, Any], *arguments: Any, **options: Any) -> Answer:
        timeout_s = min(int(integration.get("timeoutInMillis", MAX_WAIT_MS)), MAX_WAIT_MS) / 1000
        invocation = asyncio.ensure_future(invoke(integration, *arguments, **options))
        _running.add(invocation)
        invocation.add_done_callback(_running.discard)
        finished, _ = await asyncio.wait({invocation}, timeout=timeout_s)
        return invocation.result() if finished else refuse(503, "Service Unavailable")

    return invoke_in_time


PATCH = Patch(
    name="HTTP API limits",
    gap="requests have any size, and responses take any time",
    targets=(
        Extension(apigateway, "handle_execute", "c7a2f92d7eb6b8d55141e5a6b39fbc12", extend_execute),
        Extension(apigateway, "_invoke_lambda_proxy", "fbe5024fcd36643f48b24c6bf405e6d4", extend_invoke),
    ),
)
