"""Where a task's instance is launched, and why a task waits for one.

Each task has its own instance, in a zone of its Auto Scaling group. A task stays PROVISIONING while its group has its
maximum size, if the smallest instance type of the group is too small for it, and while the fault `zone` strikes in
all zones of the group. A launch that fails in a zone is an event of EC2 Auto Scaling.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator

from ministack.core.responses import get_account_id, get_region
from ministack.services import autoscaling, ec2, ecs

from local_cloud.emulator.events.aws_events import publish
from local_cloud.emulator.faults.switch import FAULTS
from local_cloud.emulator.tasks.capacity import find_shortage, group_of, is_spot, max_instances, tasks_of
from local_cloud.emulator.tasks.records import Task

LAUNCH = "autoscaling:LaunchInstance"
# The time to the next try of a launch that failed. EC2 Auto Scaling waits longer from try to try.
RETRY_S = 2.0
POLL_S = 0.1
# By how much the fault `delay` delays a launch.
LATE_S = 10.0
# AWS says that a task waits for between 10 and 30 minutes, and then stops:
# https://aws.amazon.com/blogs/containers/deep-dive-on-amazon-ecs-cluster-auto-scaling/
MAX_WAIT_S = 30 * 60.0
NO_CAPACITY = (
    "Could not launch {} Instances. InsufficientInstanceCapacity - There is no {} capacity available that matches "
    "your request. Launching EC2 instance failed."
)

_placing = threading.Lock()


class NotPlaced(Exception):
    """A task has waited for too long. The message is the reason, as ECS gives it."""


def place(task: Task, is_active: Callable[[], bool]) -> None:
    """Give a task the subnet and the zone of its instance. Blocks until it has one, or is stopped; raises NotPlaced."""
    provider = task.get("capacityProviderName")
    earliest = time.monotonic() + (LATE_S if FAULTS.strikes("delay", LAUNCH, provider or "") else 0.0)
    deadline = time.monotonic() + MAX_WAIT_S
    while is_active():
        shortage, now = find_shortage(task), time.monotonic()
        if now >= earliest and shortage is None and _take_place(task, provider):
            if _launch(task, provider):
                return
            task["_placed"] = False
            earliest = time.monotonic() + RETRY_S
        if now > deadline:
            raise NotPlaced(f"RESOURCE:{shortage or 'GPU'}")
        time.sleep(POLL_S)


def _take_place(task: Task, provider: str | None) -> bool:
    """Whether the group may have one more instance. If so, it is the task's."""
    with _placing:
        maximum = max_instances(provider)
        if maximum is not None and sum(bool(each.get("_placed")) for each in tasks_of(provider)) >= maximum:
            return False
        task["_placed"] = True
        return True


def _launch(task: Task, provider: str | None) -> bool:
    """Whether an instance can be launched in one of the zones. If so, the task gets its place."""
    places, kind = list(_list_places(task, provider)), "spot" if is_spot(provider) else "on-demand"
    for subnet, zone in places:
        if not FAULTS.strikes("zone", zone, f"{zone}/{kind}"):
            task.update(_subnet=subnet, availabilityZone=zone)
            return True
        _announce_failure(group_of(provider), subnet, zone, "Spot" if kind == "spot" else "On-Demand")
    return not places


def _list_places(task: Task, provider: str | None) -> Iterator[tuple[str, str]]:
    """The subnets that an instance can be in, each with its zone: the one of the request, then those of the group."""
    group = autoscaling._asgs.get(group_of(provider)) or {}
    names = [task.get("_subnet"), *str(group.get("VPCZoneIdentifier") or "").split(",")]
    for name in dict.fromkeys(names):
        if subnet := ec2._subnets.get(name):
            yield str(name), str(subnet["AvailabilityZone"])


def _announce_failure(group: str, subnet: str, zone: str, kind: str) -> None:
    now = ecs._iso()
    arn = f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:autoScalingGroup::autoScalingGroupName/{group}"
    detail = {
        "StatusCode": "Failed",
        "AutoScalingGroupName": group,
        "ActivityId": str(uuid.uuid4()),
        "Details": {"Availability Zone": zone, "Subnet ID": subnet},
        "RequestId": str(uuid.uuid4()),
        "StatusMessage": NO_CAPACITY.format(kind, kind),
        "StartTime": now,
        "EndTime": now,
        "EC2InstanceId": "",
        "Cause": "an instance was started in response to a difference between desired and actual capacity",
    }
    publish("aws.autoscaling", "EC2 Instance Launch Unsuccessful", detail, [arn])
