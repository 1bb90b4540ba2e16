"""A request of Step Functions has at most 1 MB, and its fields have their lengths.

Gap: the emulator takes requests and fields of any size.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-accounts
https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions

from local_cloud.emulator.patching import Extension, Patch

MAX_BYTES = 1024 * 1024
MAX_CHARACTERS = {
    "SendTaskSuccess": {"taskToken": 2048, "output": 262_144},
    "SendTaskFailure": {"taskToken": 2048, "error": 256, "cause": 32_768},
    "SendTaskHeartbeat": {"taskToken": 2048},
    "StartExecution": {"name": 80},
    "StopExecution": {"error": 256, "cause": 32_768},
}


def extend_requests(handle: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def check_and_handle(method: str, path: str, headers: Mapping[str, str], body: bytes, *rest: Any) -> Any:
        size = len(body) + sum(len(name) + len(value) for name, value in headers.items())
        if size > MAX_BYTES:
            message = f"HTTP content length exceeded {MAX_BYTES} bytes."
            return error_response_json("RequestEntityTooLargeException", message, 413)
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if error := find_error(action, body):
            return error_response_json("ValidationException", error, 400)
        return await handle(method, path, headers, body, *rest)

    return check_and_handle


def find_error(action: str, body: bytes) -> str | None:
    """What is wrong with the first field that is too long."""
    if action not in MAX_CHARACTERS:
        return None
    try:
        request = json.loads(body)
    except ValueError:
        return None  # the emulator refuses it
    for field, limit in MAX_CHARACTERS[action].items():
        value = request.get(field)
        if isinstance(value, str) and (len(value.encode()) if field == "output" else len(value)) > limit:
            return (
                f"1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have "
                f"length less than or equal to {limit}"
            )
    return None


PATCH = Patch(
    name="requests of Step Functions",
    gap="requests and fields have any size",
    targets=(Extension(stepfunctions, "handle_request", "efa6e8c4532a9e05de1d5c451ba16093", extend_requests),),
)
