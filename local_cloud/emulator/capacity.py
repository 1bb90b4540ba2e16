"""The capacity of a task: the instances of its capacity provider's Auto Scaling group."""

from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import autoscaling, ecs

DEFAULT_TYPES = ("g4dn.xlarge",)


def instance_types(provider: str | None) -> Sequence[str]:
    """The instance types of the capacity provider's group, in order of preference."""
    overrides = _policy(provider).get("LaunchTemplate", {}).get("Overrides", [])
    return [each["InstanceType"] for each in overrides] or DEFAULT_TYPES


def is_spot(provider: str | None) -> bool:
    """Whether the capacity provider's group has only spot instances."""
    distribution = _policy(provider).get("InstancesDistribution", {})
    return int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100)) == 0


def group_of(provider: str | None) -> str:
    """The name of the capacity provider's group. It is empty if there is none."""
    record = ecs._capacity_providers.get(provider) or {}
    return str(record.get("autoScalingGroupProvider", {}).get("autoScalingGroupArn", "")).rpartition("/")[2]


def _policy(provider: str | None) -> Mapping[str, Any]:
    policy: Mapping[str, Any] = (autoscaling._asgs.get(group_of(provider)) or {}).get("MixedInstancesPolicy", {})
    return policy
