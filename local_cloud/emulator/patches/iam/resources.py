"""The action of a request and the resources that it is checked on.

Gap: the emulator checks an ECS request on its cluster, and only once if it names many tasks, and the answer of a task
on `*`. A role that may act on its own services and state machine may then do nothing. With this patch, each resource
that the request names is checked (`local_cloud/emulator/permissions/resources.py`).

Gap: the emulator checks a batch of messages as a separate action, which no policy can name. With this patch, it is
checked as the action on one message.

Gap: a request whose action the emulator cannot name is allowed. With this patch, only a caller with
all permissions may make it.
"""

from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.router import extract_access_key_id

from local_cloud.emulator.patching import Patch, Replacement
from local_cloud.emulator.permissions.request import BODY, request_body
from local_cloud.emulator.permissions.resources import RESOURCES, resources_of

_enforce = iam_evaluator.enforce
_pin_signed_body = app.pin_signed_body
_extract_iam_action = iam_actions.extract_iam_action


def extract_iam_action(
    service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
) -> str | None:
    """The action of a request. None for a request without a signature that the emulator cannot name."""
    action: str | None = _extract_iam_action(service, method, path, headers, body, query)
    if service == "sqs" and action:
        return action.removesuffix("Batch")
    return f"{service}:Unknown" if action is None and extract_access_key_id(headers, query) else action


def pin_signed_body(body: bytes) -> None:
    """Keep the body for the checks. The emulator forgets it after that of the signature."""
    BODY.set(body)
    _pin_signed_body(body)


def enforce(
    access_key_id: str,
    iam_action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: Mapping[str, Any] | None = None,
) -> Any:
    """The refusal of a request on the first of its resources that is not allowed. None if all are."""
    found = resources_of(iam_action, request_body()) if iam_action in RESOURCES else None
    for arn in found or (resource_arn,):
        denied = _enforce(access_key_id, iam_action, service, region, arn, service_context)
        if denied is not None:
            return denied
    return None


PATCH = Patch(
    name="IAM resources",
    gap="requests about tasks are checked on their cluster, and answers of tasks on nothing",
    targets=(
        Replacement(iam_actions, "extract_iam_action", "ec476b92d969822b69c5b51b7c86cbc8", extract_iam_action),
        Replacement(app, "pin_signed_body", "50e092f17dc15ebf1ca133145f32f00b", pin_signed_body),
        Replacement(iam_evaluator, "enforce", "cf64b1ee5b099c8f705e919a43bd7b35", enforce),
    ),
)
