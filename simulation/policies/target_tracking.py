"""Target tracking of Application Auto Scaling on the backlog per task."""

from collections import deque
from collections.abc import Mapping
from math import ceil

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import FleetObservation, PoolObservation
from simulation.policies import Messages

OUT_POINTS = 3
IN_POINTS = 15
IN_SHARE = 0.9
SCALE_IN_COOLDOWN_S = 300.0


class TargetTracking:
    """Keeps the work that waits at `target_s` seconds of GPU time per running task.

    The metric has one point per minute. The policy adds tasks in proportion to the metric when 3 points in a row are
    above the target. It removes tasks when 15 points in a row are below 90 % of the target. The next removal comes
    after the cool-down of 300 s at the earliest. A removal is at most a half, because AWS scales in "more gradually"
    and does not publish how. Target tracking cannot start from zero tasks, so one task always runs.

    Sources: the metric is that of https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html. The
    alarms are those that AWS creates for an ECS service. Proportional steps, rounding and the cool-down are described
    in https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html and
    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html.
    """

    every_s: float = 60.0

    def __init__(self, target_s: float = 20.0) -> None:
        self._target_s = target_s
        self._points: dict[str, deque[float]] = {}
        self._scaled_in_at: dict[str, float] = {}

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
        return {name: self._decide(name, pool, observation.at) for name, pool in observation.pools.items()}

    def _decide(self, name: str, pool: PoolObservation, now: float) -> PoolDecision:
        running, desired = max(1, pool.spot.running), max(1, pool.spot.desired)
        metric = (pool.interactive.waiting_s + pool.bulk.waiting_s) / running
        points = self._points.setdefault(name, deque(maxlen=IN_POINTS))
        points.append(metric)
        if min(list(points)[-OUT_POINTS:]) > self._target_s and len(points) >= OUT_POINTS:
            desired = max(desired, ceil(running * metric / self._target_s))
        elif (
            len(points) == IN_POINTS
            and max(points) < IN_SHARE * self._target_s
            and now >= self._scaled_in_at.get(name, -SCALE_IN_COOLDOWN_S) + SCALE_IN_COOLDOWN_S
        ):
            self._scaled_in_at[name] = now
            desired = ceil(desired * max(0.5, metric / self._target_s))
        return PoolDecision(
            spot=min(max(desired, pool.spot.minimum, 1), pool.spot.maximum),
            on_demand=0,
            reason=f"{metric:.1f} s of backlog per task",
        )
