"""Alarms over metric math.

Gap: an alarm with a Metrics list, or without a metric of its own, fails its stack. The emulator evaluates no alarm in
any case, so such an alarm becomes a name and an ARN.
"""

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Target

_put_alarm = provisioners._cw_metric_alarm_put


def put_alarm(name: str, properties: Mapping[str, Any]) -> Any:
    if not properties.get("Metrics"):
        return _put_alarm(name, properties)
    return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}


def apply() -> None:
    provisioners._cw_metric_alarm_put = put_alarm


PATCH = Patch(
    name="metric math alarms",
    gap="a stack with an alarm over metric math fails",
    targets=(
        Target(provisioners, "_cw_metric_alarm_put", "ccad7bec47794abc53288262402d7483"),
        Target(provisioners, "_cw_metric_alarm_create", "62b3679798aa1a003154144d90c398b8"),
        Target(provisioners, "_cw_metric_alarm_delete", "425ae0f71c2e6a294e63266726cb091d"),
    ),
    apply=apply,
)
