"""A request of the service that is throttled, or refused because a permission has not reached every server yet.

Gap: the emulator answers every request that is allowed. AWS throttles also below a quota, when a partition or a server
is hot, and its permissions are eventually consistent. The faults are `throttle` and `deny` of an action, such as
`dynamodb:PutItem`. They strike the calls of roles, and none of the local administrator, whose calls are those of
operators and tests.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.emulator.quotas.throttled_answers import throttled_by
from local_cloud.launcher.environment import ACCESS_KEY

PARTLY = ("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem")  # whose patch strikes their keys and writes
NAMELESS = ("s3", "sqs", "sns")  # whose ARNs have no kind of resource before the name


def extend_enforce(enforce: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a struck request that is allowed. The emulator answers refusals in the protocol of the service."""

    def enforce_and_strike(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if denied is not None or access_key_id in ("", ACCESS_KEY):
            return denied
        name = name_in(resource_arn)
        if iam_action not in PARTLY and FAULTS.strikes("throttle", iam_action, name):
            throttled = throttled_by(service)
            return iam_evaluator.AuthError(throttled.code, throttled.message)
        if FAULTS.strikes("deny", iam_action, name):
            principal = iam_evaluator.resolve_principal(access_key_id, get_account_id(), None)
            return iam_evaluator.EvalResult("ImplicitDeny", principal_arn=getattr(principal, "arn", ""))
        return None

    return enforce_and_strike


def extend_response(respond: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a throttled request with the status of its service."""

    def respond_with_status(service: str, *arguments: Any, **options: Any) -> Any:
        status, headers, body = respond(service, *arguments, **options)
        throttled = throttled_by(service)
        return (throttled.status if options.get("error_code") == throttled.code else status), headers, body

    return respond_with_status


def name_in(arn: str) -> str:
    """The name of the thing in an ARN: the queue, function, table, bucket or state machine."""
    if not arn.startswith("arn:"):
        return arn
    _, _, service, _, _, resource = arn.split(":", 5)
    parts = re.split("[:/]", resource)
    return parts[0] if service in NAMELESS or len(parts) == 1 else parts[1]


PATCH = Patch(
    name="request faults",
    gap="no request is throttled or refused without a reason",
    targets=(
        Extension(iam_evaluator, "enforce", "cf64b1ee5b099c8f705e919a43bd7b35", extend_enforce),
        Extension(iam_actions, "access_denied_response", "3cc2e315f91f45daeb6160cb1c825029", extend_response),
        Target(iam_evaluator, "resolve_principal", "b6c6131e24bf22f0cfc7e06ec000c6e9"),
    ),
)
