"""An asynchronous invocation that happens twice.

Gap: the emulator delivers an event to a function once, unless it fails. On AWS, the queue of asynchronous events is
eventually consistent, so a function can get an event twice. The fault is `duplicate` of `lambda:InvokeFunction`, for
the function with that name.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import lambda_svc

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patching import Extension, Patch


def extend_invoke(invoke: Callable[..., None]) -> Callable[..., None]:
    def invoke_and_repeat(function: Mapping[str, Any], event: Any) -> None:
        invoke(function, event)
        config = function.get("config") or function
        if FAULTS.strikes("duplicate", "lambda:InvokeFunction", config["FunctionName"]):
            invoke(function, event)

    return invoke_and_repeat


PATCH = Patch(
    name="Lambda repeated events",
    gap="an asynchronous event is delivered once",
    targets=(Extension(lambda_svc, "invoke_async_with_retry", "289fe4d3cbd4089b4bace68e20212c8a", extend_invoke),),
)
