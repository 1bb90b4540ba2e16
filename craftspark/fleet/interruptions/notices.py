"""What AWS says about a spot instance in advance, and what the fleet does about it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from craftspark.contracts import Contract


class NoticeKind(StrEnum):
    """The `detail-type` of the events of EC2. An interrupted instance ends within two minutes."""

    INTERRUPTION = "EC2 Spot Instance Interruption Warning"
    REBALANCE = "EC2 Instance Rebalance Recommendation"


@dataclass(frozen=True, kw_only=True)
class InstanceNotice(Contract):
    """An event of EC2 about one instance. EventBridge can deliver an event more than once, with the same ID."""

    event_id: str
    kind: NoticeKind
    instance_id: str


@dataclass(frozen=True, kw_only=True)
class FleetInstance:
    """An instance of the fleet's cluster. `arn` is the ARN of the container instance. `pool` has its capacity."""

    arn: str
    pool: str
    zone: str
    family: str


class Instances(Protocol):
    """The instances of the fleet's cluster."""

    def find(self, instance_id: str) -> FleetInstance | None:
        """The instance with this EC2 ID, or None if the cluster does not have it."""

    def drain(self, instance: FleetInstance) -> bool:
        """Place no more tasks on the instance. Returns False if the instance is not ready for tasks anyway."""

    def stop_tasks(self, instance: FleetInstance, reason: str) -> list[str]:
        """Send SIGTERM to all tasks of the instance that are meant to run. Returns their ARNs."""


class Markets(Protocol):
    """The notices that were counted, by pool, zone and family of instances."""

    def count(self, instance: FleetInstance, notice: InstanceNotice) -> bool:
        """Count a notice. Returns False if it was counted before."""


@dataclass(frozen=True, kw_only=True)
class HandledNotice:
    """The actions that followed a notice. `drained` is None for a notice that drains nothing."""

    instance: FleetInstance
    counted: bool
    drained: bool | None = None
    stopped: tuple[str, ...] = ()


def handle_notice(notice: InstanceNotice, instances: Instances, markets: Markets) -> HandledNotice | None:
    """Drain an interrupted instance and count the notice. Returns None if the instance is not the fleet's, or is gone.

    The tasks of services are stopped, too: ECS would keep as many as the service's minimum, and those that protect
    themselves from scale-in. A recommendation drains nothing: the instance may run for hours, and a worker loses at
    most one wave to an interruption.
    """
    instance = instances.find(notice.instance_id)
    if instance is None:
        return None
    if notice.kind is NoticeKind.REBALANCE:
        return HandledNotice(instance=instance, counted=markets.count(instance, notice))
    drained = instances.drain(instance)
    stopped = instances.stop_tasks(instance, f"spot interruption of {notice.instance_id}")
    return HandledNotice(
        instance=instance, counted=markets.count(instance, notice), drained=drained, stopped=tuple(stopped)
    )
