"""Events of EC2 Auto Scaling about launches that failed."""

from collections.abc import Mapping
from typing import Any

from craftspark.contracts import ContractBroken
from craftspark.fleet.interruptions.failed_launches import FailedLaunch

# The zone in the `Details` of the event. See
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html
ZONE = "Availability Zone"


def read_failed_launch(event: Mapping[str, Any]) -> FailedLaunch:
    """The launch that an event is about. Raises ContractBroken for an event without an ID or a group."""
    try:
        detail = event["detail"]
        return FailedLaunch(
            event_id=event["id"],
            group=detail["AutoScalingGroupName"],
            zone=(detail.get("Details") or {}).get(ZONE, ""),
            reason=detail.get("StatusMessage", ""),
        )
    except KeyError as missing:
        raise ContractBroken(f"not a failed launch: {missing}", field=str(missing.args[0])) from None
