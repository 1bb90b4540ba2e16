"""Events that EventBridge could not deliver go to the dead-letter queue of their target."""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core.arn import parse_arn
from ministack.services import eventbridge, sqs

from local_cloud.emulator.permissions.callers import AccessDenied, check_service

SERVICE = "events.amazonaws.com"


def send_to_dead_letters(
    target: Mapping[str, Any],
    event: Any,
    rule: Mapping[str, Any],
    *,
    code: str,
    message: str,
    attempts: int = 0,
    exhausted: str | None = None,
) -> None:
    """Send an event with the attributes that AWS gives it. Without a queue, or if it does not allow it, it is lost.

    `code` is one of AWS's, such as NO_PERMISSIONS. `exhausted` is the limit that ended the retries.
    """
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        eventbridge.logger.error("EventBridge has lost an event for %s: %s", target.get("Arn"), message)
        return
    try:
        check_service(SERVICE, "sqs:SendMessage", queue, rule["Arn"])
    except AccessDenied as error:
        eventbridge.logger.error("EventBridge has lost an event for %s: %s", target.get("Arn"), error)
        return
    values = {
        "RULE_ARN": rule["Arn"],
        "TARGET_ARN": target.get("Arn", ""),
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message[:1024],
        "RETRY_ATTEMPTS": str(attempts),
        "EXHAUSTED_RETRY_CONDITION": exhausted,
    }
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}
    body = json.dumps(eventbridge._pattern_event_view(event).event_with_detail())
    request = {"QueueUrl": parse_arn(queue).resource, "MessageBody": body, "MessageAttributes": attributes}
    sqs._act_send_message(request, "")
