"""KEDA's SQS scaler with a Horizontal Pod Autoscaler."""

from collections import deque
from collections.abc import Mapping
from math import ceil

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import FleetObservation
from simulation.policies import Messages

TOLERANCE = 0.1
STABILIZATION_S = 300.0
COOLDOWN_S = 300.0
PODS_AT_ONCE = 4


class Keda:
    """One task for each `queue_length` messages, visible or in flight.

    The autoscaler syncs every 15 s. It does nothing within a tolerance of 10 %. It adds at most 4 tasks or as many as
    there are, whichever is more. It removes tasks down to the highest number that it wanted in the last 300 s. KEDA
    scales to zero when there has been no message for 300 s, and from zero to one.

    Sources: https://keda.sh/docs/latest/scalers/aws-sqs/ and
    https://keda.sh/docs/latest/reference/scaledobject-spec/ for the scaler, and
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ for the defaults of the autoscaler.
    """

    every_s: float = 15.0

    def __init__(self, queue_length: int = 1) -> None:
        self._queue_length = queue_length
        self._wanted: dict[str, deque[int]] = {}
        self._active_at: dict[str, float] = {}

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
        decisions = {}
        for name, pool in observation.pools.items():
            count = messages[name].waiting + messages[name].in_flight
            desired = self._scale(name, count, pool.spot.desired, observation.at)
            decisions[name] = PoolDecision(
                spot=min(max(desired, pool.spot.minimum), pool.spot.maximum), on_demand=0, reason=f"{count} messages"
            )
        return decisions

    def _scale(self, name: str, count: int, current: int, now: float) -> int:
        if count:
            self._active_at[name] = now
        elif now >= self._active_at.get(name, -COOLDOWN_S) + COOLDOWN_S:
            return 0
        if not current:
            return min(1, count)
        ratio = count / (self._queue_length * current)
        wanted = current if abs(1 - ratio) <= TOLERANCE else max(1, ceil(count / self._queue_length))
        recent = self._wanted.setdefault(name, deque(maxlen=round(STABILIZATION_S / self.every_s)))
        recent.append(wanted)
        if wanted > current:
            return min(wanted, current + max(PODS_AT_ONCE, current))
        return min(current, max(recent))
