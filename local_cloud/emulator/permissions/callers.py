"""Calls that a service makes: as a role that it assumes, or as itself by the policy of the resource.

The emulator makes them inside its process, without a signature.
"""

from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.iam_actions import identity_denial_message
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam


class AccessDenied(Exception):
    """No policy allows the call, or one denies it. The message is AWS's."""


def check_role(role_arn: str, session: str, action: str, resource_arn: str, **keys: str) -> None:
    """Raises AccessDenied unless the role may act on the resource. `keys` are condition keys, with `_` for `:`."""
    if not app.AUTH:
        return
    role, account = role_arn.rpartition("/")[2], get_account_id()
    principal = f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
    context = _context(principal, "AssumedRole", action, resource_arn, keys)
    policies = iam_evaluator._gather_role_policies(role, account)
    limits = iam_evaluator._permissions_boundary(iam._roles, role, account)
    result = iam_evaluator.evaluate(context, policies, *limits)
    found = iam_evaluator._resource_policy(action.partition(":")[0], resource_arn)
    if found is not None:
        result = iam_evaluator.combine_resource_policy(result, context, *found, limits=tuple(limits))
    if result.decision != "Allow":
        raise AccessDenied(identity_denial_message(action, principal, resource_arn, result.decision == "Deny"))


def check_service(service: str, action: str, resource_arn: str, source_arn: str) -> None:
    """Raises AccessDenied unless the resource's own policy lets the service act for its resource `source_arn`.

    `service` is its principal, such as `events.amazonaws.com`.
    """
    if not app.AUTH:
        return
    found = iam_evaluator._resource_policy(action.partition(":")[0], resource_arn)
    policy = found[0] if found else None
    keys = {"aws_sourcearn": source_arn, "aws_sourceaccount": get_account_id()}
    context = _context(service, "Service", action, resource_arn, keys)
    if iam_evaluator.evaluate_resource_policy(policy, context, service=service).decision != "Allow":
        raise AccessDenied(
            f"{service} is not authorized to perform: {action} on resource: {resource_arn} for {source_arn} because no"
            " resource-based policy allows the action"
        )


def _context(principal: str, kind: str, action: str, resource_arn: str, keys: Mapping[str, str]) -> Any:
    return iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type=kind,
        principal_account=get_account_id(),
        action=action,
        resource_arn=resource_arn,
        region=get_region(),
        secure_transport=True,
        service_context={name.replace("_", ":", 1).lower(): value for name, value in keys.items()},
    )
