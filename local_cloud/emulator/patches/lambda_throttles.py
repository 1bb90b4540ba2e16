"""A throttled Lambda is throttled by name, and nothing that was sent to it without waiting is lost.

Gap: to a state machine a throttle is `Lambda.Unknown`, which no Retry names. On AWS it is
`Lambda.TooManyRequestsException`.

Gap: an asynchronous invocation counts a throttle as an attempt, so after three seconds the event is gone. On AWS it
stays in the function's own queue until its age is over, and it goes on from there once the function may run again.

Gap: a rule of EventBridge invokes once, whatever comes of it. On AWS it invokes asynchronously: two more attempts, then
the function's dead-letter queue. That queue gets the event itself, as documented, and no record around it.
"""

import contextvars
import json
import time
from collections.abc import Mapping
from typing import Any

from ministack.core.arn import parse_arn
from ministack.services import eventbridge, lambda_svc, sqs, stepfunctions

from local_cloud.emulator.patching import Patch, Target

THROTTLED = "Lambda.TooManyRequestsException"
OLDEST_EVENT_S = 6 * 3600.0
# AWS begins with a second too and goes up to five minutes; a drill is watched by a person.
FIRST_RETRY_S = 1.0
MAX_RETRY_S = 5.0

_asynchronous: contextvars.ContextVar[bool] = contextvars.ContextVar("asynchronous", default=False)
_call_lambda = stepfunctions._call_lambda
_execute_function = lambda_svc._execute_function
_invoke_async_with_retry = lambda_svc.invoke_async_with_retry
_route_async_failure = lambda_svc._route_async_failure


def call_lambda(function: str, event: Any) -> Any:
    """Invoke for a state machine; raises its error for a throttle by the name that AWS gives it."""
    try:
        return _call_lambda(function, event)
    except stepfunctions._ExecutionError as failure:
        if failure.error == "Lambda.Unknown" and _is_throttle(failure.cause):
            raise stepfunctions._ExecutionError(THROTTLED, json.loads(failure.cause)["message"]) from failure
        raise


def execute_function(function: dict[str, Any], event: Any) -> Any:
    """Invoke; an asynchronous invocation waits until the function is throttled no more, or its event is too old."""
    result = _execute_function(function, event)
    if not _asynchronous.get():
        return result
    configured = (function.get("event_invoke_config") or {}).get("MaximumEventAgeInSeconds", OLDEST_EVENT_S)
    deadline, delay = time.monotonic() + float(configured), FIRST_RETRY_S
    while result.get("throttle") and time.monotonic() + delay < deadline:
        time.sleep(delay)  # a function's concurrency changes without a sign
        delay = min(2 * delay, MAX_RETRY_S)
        result = _execute_function(_with_present_concurrency(function), event)
    return result


def invoke_async_with_retry(function: dict[str, Any], event: Any) -> None:
    """Start the invocation's thread, which takes this context over, with the mark that it is asynchronous."""
    context = contextvars.copy_context()
    context.run(_asynchronous.set, True)
    context.run(_invoke_async_with_retry, function, event)


def dispatch_to_lambda(arn: str, payload: str) -> None:
    """Invoke a rule's target asynchronously."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        eventbridge.logger.warning("EventBridge: function %s not found", name)
        return
    try:
        event = json.loads(payload)
    except ValueError:  # a target's own text
        event = {"body": payload}
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)


def route_async_failure(target: str, name: str, event: Any, result: Mapping[str, Any]) -> None:
    """A dead-letter queue gets the event, with the error as attributes; a destination gets the record."""
    config = (lambda_svc._functions.get(name) or {}).get("config") or {}
    if (config.get("DeadLetterConfig") or {}).get("TargetArn") != target or parse_arn(target).service != "sqs":
        _route_async_failure(target, name, event, result)
        return
    body = result.get("body")
    message = body.get("errorMessage") if isinstance(body, dict) else body
    attributes = {"ErrorMessage": {"DataType": "String", "StringValue": str(message or "unknown")[:1024]}}
    queue = target.rpartition(":")[2]
    sqs._act_send_message({"QueueUrl": queue, "MessageBody": json.dumps(event), "MessageAttributes": attributes}, "")


def _with_present_concurrency(function: dict[str, Any]) -> dict[str, Any]:
    """The record of an event is as old as the event; whether its function may run is asked now."""
    config = function.get("config") or function
    now = lambda_svc._functions.get(config["FunctionName"]) or {}
    return function | {"concurrency": now.get("concurrency")}


def _is_throttle(cause: str) -> bool:
    try:
        told = json.loads(cause)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("__type") == THROTTLED.removeprefix("Lambda.")


def apply() -> None:
    stepfunctions._call_lambda = call_lambda
    eventbridge._dispatch_to_lambda = dispatch_to_lambda
    lambda_svc._execute_function = execute_function
    lambda_svc.invoke_async_with_retry = invoke_async_with_retry
    lambda_svc._route_async_failure = route_async_failure


PATCH = Patch(
    name="Lambda throttles",
    gap="a throttle has no name for a state machine, and what was sent without waiting is lost",
    targets=(
        Target(stepfunctions, "_call_lambda", "25830369b12636da09a4e4650489842a"),
        Target(eventbridge, "_dispatch_to_lambda", "1f95adbaed3a966a5b5761dbf547c1fa"),
        Target(lambda_svc, "_execute_function", "3ceb16d6480a2161601b152da88f1633"),
        Target(lambda_svc, "invoke_async_with_retry", "289fe4d3cbd4089b4bace68e20212c8a"),
        Target(lambda_svc, "_route_async_failure", "c023331e333f796dfd7d2681d54fc18c"),
        Target(lambda_svc, "_reserved_concurrency", "ebec4b4bba775119805da226a9f344a5"),
        Target(lambda_svc, "_throttle_response", "647221d5b0775feb5335a56f6640977c"),
        Target(lambda_svc, "_execution_record_for_config", "632acaa44892bdae9cc0b0a6a5d4d716"),
        Target(lambda_svc, "_get_func_record_for_ref", "492b4efe8f903a0fb18131e79a26799e"),
        Target(sqs, "_act_send_message", "3abd766508c885c6556ecfb378ba579d"),
    ),
    apply=apply,
)
