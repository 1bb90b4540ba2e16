"""The targets of rules are called with the permissions that AWS demands.

Gap: a rule of EventBridge reaches every target. With this patch, a function and a queue must let
`events.amazonaws.com` act for the rule in their own policies, and a state machine is started as the role of the target.
An event that is refused goes to the dead-letter queue of the target, whose policy must also allow it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.arn import parse_arn
from ministack.services import eventbridge

from local_cloud.emulator.events.dead_letters import SERVICE, send_to_dead_letters
from local_cloud.emulator.patches.eventbridge.deliveries import exists
from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.emulator.permissions.callers import AccessDenied, check_role, check_service

ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}


def call_if_allowed(invoke: Callable[..., None]) -> Callable[..., None]:
    """Call a target of a rule, if that is allowed."""

    def invoke_target(target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None) -> None:
        arn = target.get("Arn", "")
        try:
            if exists(arn):  # what does not exist is refused as such
                _check(arn, target.get("RoleArn", ""), rule)
        except AccessDenied as error:
            eventbridge.logger.error("EventBridge target %s is not called: %s", arn, error)
            send_to_dead_letters(target, event, rule, code="NO_PERMISSIONS", message=str(error))
            return
        invoke(target, event, rule, view)

    return invoke_target


def _check(arn: str, role_arn: str, rule: Mapping[str, Any]) -> None:
    service = parse_arn(arn).service
    if service == "states":
        check_role(role_arn, rule["Name"], "states:StartExecution", arn)
    elif service in ACTIONS:
        check_service(SERVICE, ACTIONS[service], arn, rule["Arn"])
    elif service != "events":
        raise AccessDenied(f"the permissions for a target of {service} are not checked in the local cloud")


PATCH = Patch(
    name="IAM event targets",
    gap="a rule may call every target",
    targets=(
        Extension(eventbridge, "_invoke_target", "550e304af08095637ed4de07798e4acc", call_if_allowed),
        Target(eventbridge, "_pattern_event_view", "a472224bb7b0d43612633f9485d4cb92"),
    ),
)
