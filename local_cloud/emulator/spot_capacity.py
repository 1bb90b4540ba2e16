"""Where a task's instance is launched, and zones without spot capacity on request.

`POST /_local_cloud/spot-capacity` with `{"zone": ZONE, "available": BOOLEAN}` answers 200 with the zones without spot
capacity. Tasks that run there stay. A launch of a spot instance fails there with the event of EC2 Auto Scaling, and is
tried in the other zones of its group. If all fail, the task stays PROVISIONING, and the launch is tried again.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import autoscaling, ec2, ecs

from local_cloud.emulator.aws_events import publish
from local_cloud.emulator.capacity import group_of, is_spot
from local_cloud.emulator.tasks import Task

PATH = "/_local_cloud/spot-capacity"
# The time to the next try. EC2 Auto Scaling waits longer from try to try.
RETRY_S = 5.0
NO_CAPACITY = (
    "Could not launch Spot Instances. InsufficientInstanceCapacity - There is no Spot capacity available that matches "
    "your request. Launching EC2 instance failed."
)

_empty: set[str] = set()
_changed = threading.Condition()


def set_available(zone: str, *, available: bool) -> list[str]:
    """Say whether spot instances can be launched in a zone. Returns the zones in which they cannot."""
    with _changed:
        _empty.difference_update([zone]) if available else _empty.add(zone)
        _changed.notify_all()
        return sorted(_empty)


def place(task: Task, is_active: Callable[[], bool]) -> None:
    """Give a task the subnet and the zone of its instance. Blocks while no zone has one, until the task is stopped."""
    provider = task.get("capacityProviderName")
    places = list(_list_places(task, provider))
    while is_active():
        with _changed:
            empty = set(_empty) if is_spot(provider) else set()
        for subnet, zone in places:
            if zone not in empty:
                task.update(_subnet=subnet, availabilityZone=zone)
                return
            _announce_failure(group_of(provider), subnet, zone)
        if not places:
            return
        with _changed:
            _changed.wait_for(partial(_empty.__ne__, empty), RETRY_S)


def _list_places(task: Task, provider: str | None) -> Iterator[tuple[str, str]]:
    """The subnets that an instance can be in, each with its zone: the one of the request, then those of the group."""
    group = autoscaling._asgs.get(group_of(provider)) or {}
    names = [task.get("_subnet"), *str(group.get("VPCZoneIdentifier") or "").split(",")]
    for name in dict.fromkeys(names):
        if subnet := ec2._subnets.get(name):
            yield str(name), str(subnet["AvailabilityZone"])


def _announce_failure(group: str, subnet: str, zone: str) -> None:
    now = ecs._iso()
    arn = f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:autoScalingGroup::autoScalingGroupName/{group}"
    detail = {
        "StatusCode": "Failed",
        "AutoScalingGroupName": group,
        "ActivityId": str(uuid.uuid4()),
        "Details": {"Availability Zone": zone, "Subnet ID": subnet},
        "RequestId": str(uuid.uuid4()),
        "StatusMessage": NO_CAPACITY,
        "StartTime": now,
        "EndTime": now,
        "EC2InstanceId": "",
        "Cause": "an instance was started in response to a difference between desired and actual capacity",
    }
    publish("aws.autoscaling", "EC2 Instance Launch Unsuccessful", detail, [arn])


def answer(body: bytes) -> tuple[int, dict[str, Any]]:
    """The status and the answer for a request."""
    try:
        request = json.loads(body)
        zone, available = request["zone"], request["available"]
    except (ValueError, KeyError, TypeError):
        zone = available = None
    if not isinstance(zone, str) or not isinstance(available, bool):
        return 400, {"message": "the body needs a zone, and available as true or false"}
    return 200, {"without_capacity": set_available(zone, available=available)}
