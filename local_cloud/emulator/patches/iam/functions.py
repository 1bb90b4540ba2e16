"""Lambda acts as a function's role where it polls, logs and sends failed events.

Gap: the emulator polls queues and streams, writes logs, and sends failed events to queues without a check. With this
patch, Lambda does each only if the role of the function may: a mapping of an event source does not poll, logs are lost,
and a failed event is lost. As on AWS, the function runs nevertheless.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-create-permissions.html
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import lambda_svc

from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.emulator.permissions.callers import AccessDenied, check_role

logger = logging.getLogger(__name__)

# What Lambda calls to poll a source, by its service, with whether the source is the resource.
POLLS: Mapping[str, Mapping[str, bool]] = {
    "sqs": {"ReceiveMessage": True, "DeleteMessage": True, "GetQueueAttributes": True},
    "dynamodb": {"DescribeStream": True, "GetRecords": True, "GetShardIterator": True, "ListStreams": False},
}
LOGS = ("CreateLogStream", "PutLogEvents")
TRACES = ("PutTraceSegments", "PutTelemetryRecords")


def poll_as_role(iterate: Callable[[], Iterator[Any]]) -> Callable[[], Iterator[Any]]:
    """Leave out the mappings of functions whose role may not poll the source."""

    def iter_all_esms() -> Iterator[Any]:
        for account, region, mapping in iterate():
            with request_scope(account, region):
                allowed = _may_poll(mapping)
            if allowed:
                yield account, region, mapping

    return iter_all_esms


def _may_poll(mapping: Mapping[str, Any]) -> bool:
    arn = mapping.get("EventSourceArn", "")
    _, config = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
    service = parse_arn(arn).service
    return config is None or all(
        _may(config, f"{service}:{action}", arn if on_source else "*")
        for action, on_source in POLLS.get(service, {}).items()
    )


def log_as_role(emit: Callable[..., None]) -> Callable[..., None]:
    """Write the logs and the trace of an invocation if the role may."""

    def emit_lambda_logs(function: Mapping[str, Any], *args: Any, **options: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}:log-stream:*"
        if (config.get("TracingConfig") or {}).get("Mode") == "Active":
            for action in TRACES:
                _may(config, f"xray:{action}", "*")
        if all(_may(config, f"logs:{action}", arn) for action in LOGS):
            emit(function, *args, **options)

    return emit_lambda_logs


def send_failures_as_role(route: Callable[..., None]) -> Callable[..., None]:
    """Send a failed event to a dead-letter queue or a destination if the role may."""

    def route_async_failure(target: str, name: str, *args: Any) -> None:
        config = (lambda_svc._functions.get(name) or {}).get("config") or {}
        if _may_send(config, target):
            route(target, name, *args)

    return route_async_failure


def send_batches_as_role(send: Callable[..., None]) -> Callable[..., None]:
    """Send the record of a failed batch of a stream to its destination if the role may."""

    def send_failure_record(mapping: Mapping[str, Any], function: Mapping[str, Any], *args: Any) -> None:
        target = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        if target and _may_send(function.get("config") or function, target):
            send(mapping, function, *args)

    return send_failure_record


def _may_send(config: Mapping[str, Any], target: str) -> bool:
    actions = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
    return _may(config, actions[parse_arn(target).service], target)


def _may(config: Mapping[str, Any], action: str, arn: str) -> bool:
    try:
        check_role(config.get("Role", ""), config["FunctionName"], action, arn)
    except AccessDenied as error:
        logger.error("Lambda: %s", error)
        return False
    return True


PATCH = Patch(
    name="IAM functions",
    gap="Lambda polls, logs and sends failed events without permissions",
    targets=(
        Extension(lambda_svc, "_iter_all_esms", "7db06c0627a59696f16e20a197656df6", poll_as_role),
        Extension(lambda_svc, "_emit_lambda_logs", "111efbf06968bb207427d25f6070f804", log_as_role),
        Extension(lambda_svc, "_route_async_failure", "c023331e333f796dfd7d2681d54fc18c", send_failures_as_role),
        Extension(
            lambda_svc, "_send_ddb_stream_failure_record", "0efd5f5ffe2d6df57a30204eb0a4d226", send_batches_as_role
        ),
        Target(lambda_svc, "_poll_sqs", "e438a6a1e09482dc121bc3105d2410c1"),
        Target(lambda_svc, "_poll_dynamodb_streams", "2b2460e933a9f3c3fb00d9e15763d119"),
        Target(lambda_svc, "_get_func_record_for_qualifier", "a86e90478088123dc1675e52d0c9ac69"),
    ),
)
