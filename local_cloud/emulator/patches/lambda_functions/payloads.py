"""A function's event has at most 6 MB, or 1 MB if nobody waits for the result, and its response at most 6 MB.

Gap: the emulator passes events and responses of any size. On AWS, a larger event is refused before the function runs,
and a larger response is the function error `Function.ResponseSizeTooLarge`.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import apigateway, lambda_svc

from local_cloud.emulator.patches.api_gateway.limits import Answer, refuse
from local_cloud.emulator.patching import Extension, Patch

MAX_EVENT_BYTES = 6 * 1024 * 1024
MAX_ASYNCHRONOUS_EVENT_BYTES = 1024 * 1024
MAX_RESPONSE_BYTES = MAX_EVENT_BYTES + 100
TOO_LARGE = "Function.ResponseSizeTooLarge"


def extend_invoke(invoke: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
    async def bound_and_invoke(name: str, event: Any, headers: Mapping[str, str], *rest: Any) -> Answer:
        asynchronous = headers.get("x-amz-invocation-type") == "Event"
        limit = MAX_ASYNCHRONOUS_EVENT_BYTES if asynchronous else MAX_EVENT_BYTES
        if measure(event) > limit:
            message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            refused: Answer = error_response_json("RequestTooLargeException", message, 413)
            return refused
        return await invoke(name, event, headers, *rest)

    return bound_and_invoke


def extend_proxy(invoke: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
    """A request that an HTTP API could take, but not its function."""

    async def bound_and_invoke(*arguments: Any, **options: Any) -> Answer:
        headers, body = arguments[5], arguments[6]
        is_text = apigateway._v2_request_body_is_text(headers.get("content-type"))
        if len(body) * (1 if is_text else 4 / 3) > MAX_EVENT_BYTES:
            return refuse(413, "Request Entity Too Large")
        return await invoke(*arguments, **options)

    return bound_and_invoke


def extend_dispatch(dispatch: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def dispatch_and_bound(*arguments: Any) -> dict[str, Any]:
        result = dispatch(*arguments)
        if measure(result.get("body")) <= MAX_RESPONSE_BYTES:
            return result
        message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
        return {**result, "error": True, "body": {"errorMessage": message, "errorType": TOO_LARGE}}

    return dispatch_and_bound


def measure(payload: Any) -> int:
    """The bytes of a payload as JSON."""
    if payload is None:
        return 0
    if isinstance(payload, (str, bytes)):
        return len(payload if isinstance(payload, bytes) else payload.encode())
    return len(json.dumps(payload, ensure_ascii=False).encode())


PATCH = Patch(
    name="Lambda payloads",
    gap="events and responses have any size",
    targets=(
        Extension(lambda_svc, "_invoke", "ab193779e5c2ea9410f53f0fe93f34fe", extend_invoke),
        Extension(apigateway, "_invoke_lambda_proxy", "fbe5024fcd36643f48b24c6bf405e6d4", extend_proxy),
        Extension(lambda_svc, "_execute_function_dispatch", "f62cd259213ecef7ae51bf01a6dd1aa3", extend_dispatch),
    ),
)
