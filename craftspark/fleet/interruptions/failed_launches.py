"""Launches of spot instances that fail, as a rule because a zone has no capacity."""

from dataclasses import dataclass
from typing import Final

# The `detail-type` of the event of EC2 Auto Scaling about a launch that failed.
LAUNCH_FAILED: Final = "EC2 Instance Launch Unsuccessful"


@dataclass(frozen=True, kw_only=True)
class FailedLaunch:
    """A group of instances could not launch one. EventBridge can deliver an event more than once, with the same ID.

    The group has tried all of its instance types in `zone`, which is empty if the event names none. `reason` is EC2's,
    such as "There is no Spot capacity available that matches your request."
    """

    event_id: str
    group: str
    zone: str
    reason: str
