"""Lambda checks the mapping of a queue when it is created or updated, also by CloudFormation.

Gap: the emulator takes any mapping. On AWS, the visibility timeout of the queue is at least the timeout of the
function, a batch has more than ten messages only with a batching window, and a queue is mapped to a function once.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, sqs
from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Extension, Patch

DEFAULT_BATCH, BATCH_WITHOUT_WINDOW, MAX_BATCH = 10, 10, 10_000
DEFAULT_VISIBILITY_S, DEFAULT_TIMEOUT_S = 30, 3
INVALID = "InvalidParameterValueException"


class MappingRefused(Exception):
    """Lambda refuses the mapping. The message is AWS's."""


def extend_create(create: Callable[..., Any]) -> Callable[..., Any]:
    def check_and_create(request: Mapping[str, Any]) -> Any:
        name, qualifier, refused = lambda_svc._resolve_existing_esm_function(request.get("FunctionName", ""))
        if refused:
            return refused
        if fault := find_fault(request, name):
            return error_response_json(INVALID, fault, 400)
        if twin := find_twin(request, name, qualifier):
            message = (
                f'An event source mapping with SQS arn (" {request["EventSourceArn"]} ") and function (" {name} ")'
                f" already exists. Please update or delete the existing mapping with UUID {twin}"
            )
            return error_response_json("ResourceConflictException", message, 409)
        return create(request)

    return check_and_create


def extend_update(update: Callable[..., Any]) -> Callable[..., Any]:
    def check_and_update(mapping_id: str, request: Mapping[str, Any]) -> Any:
        mapping = lambda_svc._esms.get(mapping_id) or {}
        changed = {**mapping, **request}
        if mapping and (fault := find_fault(changed, str(changed["FunctionName"]))):
            return error_response_json(INVALID, fault, 400)
        return update(mapping_id, request)

    return check_and_update


def extend_provision(create: Callable[..., Any]) -> Callable[..., Any]:
    """Raise for CloudFormation, so that its stack fails."""

    def check_and_create(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
        name, _, refused = lambda_svc._resolve_existing_esm_function(properties.get("FunctionName", ""))
        if not refused and (fault := find_fault(properties, name)):
            raise MappingRefused(fault)
        return create(logical_id, properties, stack)

    return check_and_create


def find_fault(mapping: Mapping[str, Any], function: str) -> str | None:
    """Why Lambda refuses the mapping of a queue."""
    arn = mapping.get("EventSourceArn", "")
    if not arn or parse_arn(arn).service != "sqs" or (queue := sqs._queue_by_arn(arn)) is None:
        return None
    size = int(mapping.get("BatchSize") or DEFAULT_BATCH)
    if not 1 <= size <= MAX_BATCH:
        return f"Batch size must be between 1 and {MAX_BATCH}, not {size}."
    if size > BATCH_WITHOUT_WINDOW and not int(mapping.get("MaximumBatchingWindowInSeconds") or 0):
        return "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    visibility_s = int(queue["attributes"].get("VisibilityTimeout", DEFAULT_VISIBILITY_S))
    record = lambda_svc._functions.get(function.rpartition(":function:")[2]) or {}
    timeout_s = int((record.get("config") or {}).get("Timeout", DEFAULT_TIMEOUT_S))
    if visibility_s < timeout_s:
        return f"Queue visibility timeout: {visibility_s} seconds is less than Function timeout: {timeout_s} seconds"
    return None


def find_twin(mapping: Mapping[str, Any], function: str, qualifier: str | None) -> str | None:
    """The ID of a mapping of the same queue to the same function."""
    wanted = mapping.get("EventSourceArn"), function, qualifier
    for each in lambda_svc._esms.values():
        if (each["EventSourceArn"], each["FunctionName"], each.get("Qualifier")) == wanted:
            return str(each["UUID"])
    return None


_HANDLERS = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]

PATCH = Patch(
    name="Lambda event source mappings",
    gap="queues have any visibility timeout, and batches any size",
    targets=(
        Extension(lambda_svc, "_create_esm", "d351521bb6cdd30f024e04df12e2d607", extend_create),
        Extension(lambda_svc, "_update_esm", "1b7e0409cb6593c28bb2f07d88164708", extend_update),
        Extension(_HANDLERS, "create", "f053a4e8c30c5543a1579983b487487d", extend_provision),
    ),
)
