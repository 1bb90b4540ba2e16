"""An alarm notifies a topic whose policy lets CloudWatch publish, and no other.

Gap: the emulator delivers the notifications of an alarm to every topic.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import cloudwatch

from local_cloud.emulator.patching import Extension, Patch
from local_cloud.emulator.permissions.callers import AccessDenied, check_service

SERVICE = "cloudwatch.amazonaws.com"
FIELDS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def notify_if_allowed(dispatch: Callable[..., None]) -> Callable[..., None]:
    """Dispatch the actions of an alarm that the policies of their topics allow. The history names the others."""

    def dispatch_allowed(alarm: Mapping[str, Any], before: str, state: str, reason: str) -> None:
        field = FIELDS[state]
        allowed = [each for each in alarm.get(field) or () if _may_notify(alarm, each)]
        dispatch({**alarm, field: allowed}, before, state, reason)

    return dispatch_allowed


def _may_notify(alarm: Mapping[str, Any], action: str) -> bool:
    if not cloudwatch._is_sns_action_arn(action):
        return True
    try:
        check_service(SERVICE, "sns:Publish", action, alarm["AlarmArn"])
    except AccessDenied as error:
        cloudwatch.logger.error("Alarm %s does not notify: %s", alarm["AlarmName"], error)
        _write_down(alarm["AlarmName"], f"Failed to execute action {action}", {"error": str(error)})
        return False
    return True


def _write_down(name: str, summary: str, data: Mapping[str, Any]) -> None:
    item = {"AlarmName": name, "AlarmType": "MetricAlarm", "Timestamp": cloudwatch._ts_iso(time.time())}
    item |= {"HistoryItemType": "Action", "HistorySummary": summary, "HistoryData": json.dumps(data)}
    cloudwatch._history_entries().append(item)


PATCH = Patch(
    name="IAM alarm actions",
    gap="an alarm may notify every topic",
    targets=(Extension(cloudwatch, "_dispatch_alarm_actions", "fcf47c0d1e6ec4a03a219d7bf8d5a721", notify_if_allowed),),
)
