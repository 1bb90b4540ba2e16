"""A throttled invocation has AWS's error name, and asynchronous events are retried instead of lost.

Gap: a state machine receives `Lambda.Unknown` for a throttled invocation, which no Retry field names. On AWS, it
receives `Lambda.TooManyRequestsException`.

Gap: an asynchronous invocation counts a throttle as an attempt, so the event is lost after three seconds. On AWS, the
event stays in the function's internal queue up to its maximum age, and is delivered when the function can run again.

Gap: a rule of EventBridge invokes its function only once, also if the invocation fails. On AWS, the invocation is
asynchronous: it is attempted two more times, then the event goes to the function's dead-letter queue. As documented,
the message is the event itself, without an invocation record.
"""

import contextvars
import json
import time
from collections.abc import Mapping
from typing import Any

from ministack.core.arn import parse_arn
from ministack.services import eventbridge, lambda_svc, sqs, stepfunctions

from local_cloud.emulator.patching import Patch, Replacement, Target

THROTTLED = "Lambda.TooManyRequestsException"
MAX_EVENT_AGE_S = 6 * 3600.0
# AWS starts with one second as well, and waits up to five minutes. Here, a person waits for the result.
FIRST_RETRY_DELAY_S = 1.0
MAX_RETRY_DELAY_S = 5.0

_asynchronous: contextvars.ContextVar[bool] = contextvars.ContextVar("asynchronous", default=False)
_call_lambda = stepfunctions._call_lambda
_execute_function = lambda_svc._execute_function
_invoke_async_with_retry = lambda_svc.invoke_async_with_retry
_route_async_failure = lambda_svc._route_async_failure


def call_lambda(function: str, event: Any) -> Any:
    """Invoke for a state machine; a throttle raises an execution error with AWS's name."""
    try:
        return _call_lambda(function, event)
    except stepfunctions._ExecutionError as error:
        if error.error == "Lambda.Unknown" and _is_throttle(error.cause):
            raise stepfunctions._ExecutionError(THROTTLED, json.loads(error.cause)["message"]) from error
        raise


def execute_function(function: dict[str, Any], event: Any) -> Any:
    """Invoke. An asynchronous invocation is retried until it is not throttled, or its event is too old."""
    result = _execute_function(function, event)
    if not _asynchronous.get():
        return result
    max_age = (function.get("event_invoke_config") or {}).get("MaximumEventAgeInSeconds", MAX_EVENT_AGE_S)
    deadline, delay = time.monotonic() + float(max_age), FIRST_RETRY_DELAY_S
    while result.get("throttle") and time.monotonic() + delay < deadline:
        time.sleep(delay)  # no event reports a change of the function's concurrency
        delay = min(2 * delay, MAX_RETRY_DELAY_S)
        result = _execute_function(with_current_concurrency(function), event)
    return result


def invoke_async_with_retry(function: dict[str, Any], event: Any) -> None:
    """Start the invocation's thread with a copy of this context that marks the invocation as asynchronous."""
    context = contextvars.copy_context()
    context.run(_asynchronous.set, True)
    context.run(_invoke_async_with_retry, function, event)


def dispatch_to_lambda(arn: str, payload: str) -> None:
    """Invoke the target of a rule asynchronously."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        eventbridge.logger.warning("EventBridge: function %s not found", name)
        return
    try:
        event = json.loads(payload)
    except ValueError:  # the target's input is plain text
        event = {"body": payload}
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)


def route_async_failure(target: str, name: str, event: Any, result: Mapping[str, Any]) -> None:
    """Send the event to a dead-letter queue, with the error as attribute, or the record to a destination."""
    config = (lambda_svc._functions.get(name) or {}).get("config") or {}
    if (config.get("DeadLetterConfig") or {}).get("TargetArn") != target or parse_arn(target).service != "sqs":
        _route_async_failure(target, name, event, result)
        return
    body = result.get("body")
    message = body.get("errorMessage") if isinstance(body, dict) else body
    attributes = {"ErrorMessage": {"DataType": "String", "StringValue": str(message or "unknown")[:1024]}}
    queue = target.rpartition(":")[2]
    sqs._act_send_message({"QueueUrl": queue, "MessageBody": json.dumps(event), "MessageAttributes": attributes}, "")


def with_current_concurrency(function: dict[str, Any]) -> dict[str, Any]:
    """The function's record at the time of the event, with the concurrency limit of now."""
    config = function.get("config") or function
    current = lambda_svc._functions.get(config["FunctionName"]) or {}
    return function | {"concurrency": current.get("concurrency")}


def _is_throttle(cause: str) -> bool:
    try:
        details = json.loads(cause)
    except ValueError:
        return False
    return isinstance(details, dict) and details.get("__type") == THROTTLED.removeprefix("Lambda.")


PATCH = Patch(
    name="Lambda throttles",
    gap="a state machine does not receive AWS's error name for a throttle, and asynchronous events are lost",
    targets=(
        Replacement(stepfunctions, "_call_lambda", "25830369b12636da09a4e4650489842a", call_lambda),
        Replacement(eventbridge, "_dispatch_to_lambda", "1f95adbaed3a966a5b5761dbf547c1fa", dispatch_to_lambda),
        Replacement(lambda_svc, "_execute_function", "3ceb16d6480a2161601b152da88f1633", execute_function),
        Replacement(lambda_svc, "invoke_async_with_retry", "289fe4d3cbd4089b4bace68e20212c8a", invoke_async_with_retry),
        Replacement(lambda_svc, "_route_async_failure", "c023331e333f796dfd7d2681d54fc18c", route_async_failure),
        Target(lambda_svc, "_reserved_concurrency", "ebec4b4bba775119805da226a9f344a5"),
        Target(lambda_svc, "_throttle_response", "647221d5b0775feb5335a56f6640977c"),
        Target(lambda_svc, "_execution_record_for_config", "632acaa44892bdae9cc0b0a6a5d4d716"),
        Target(lambda_svc, "_get_func_record_for_ref", "492b4efe8f903a0fb18131e79a26799e"),
        Target(sqs, "_act_send_message", "3abd766508c885c6556ecfb378ba579d"),
    ),
)
