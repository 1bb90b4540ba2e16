"""The stage's alarms, as they are in the local cloud."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import httpx

from local_cloud.launcher.cloud import LocalCloud

PATH = "/_local_cloud/alarms"
# CloudFormation ends names with random characters, after the construct's ID and the hash of its path.
NAME = re.compile(r"^Craftspark-\w+-Operations-Alarms(\w+?)[0-9A-F]{8}-[0-9A-F]+$")


@dataclass(frozen=True)
class Alarm:
    """An alarm, by the name that the runbook has. `since` is the time of its last change."""

    name: str
    state: str
    since: datetime
    reason: str
    means: str


def read_alarms(cloud: LocalCloud) -> Iterator[Alarm]:
    """The alarms in the order of their names."""
    pages = cloud.client("cloudwatch").get_paginator("describe_alarms").paginate()
    for alarm in (each for page in pages for each in page["MetricAlarms"]):
        found = NAME.match(alarm["AlarmName"])
        yield Alarm(
            name=found[1] if found else alarm["AlarmName"],
            state=alarm["StateValue"],
            since=alarm["StateUpdatedTimestamp"],
            reason=alarm["StateReason"],
            means=alarm.get("AlarmDescription", ""),
        )


def end_minute(endpoint: str) -> None:
    """Evaluate all alarms as if the current minute had ended. They notify as they would then."""
    httpx.post(f"{endpoint}{PATH}", timeout=60, trust_env=False).raise_for_status()
