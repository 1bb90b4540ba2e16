"""Step scaling of Application Auto Scaling with a cool-down."""

from collections.abc import Mapping
from math import ceil

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import FleetObservation, PoolObservation
from simulation.policies import Messages

# From this backlog per task, in seconds of GPU time, the tasks change by this share.
STEPS = ((120.0, 1.0), (60.0, 0.5), (20.0, 0.2))
SCALE_IN = -0.1


class StepScaling:
    """Adds 20 %, 50 % or 100 % of the tasks by the backlog per task, and removes 10 % when nothing waits.

    The alarm has one point per minute. After a change, nothing happens for `cooldown_s`, the default of ECS services,
    unless a larger step is due: AWS then adds the difference. A step is at least one task, as with a
    MinAdjustmentMagnitude of 1. The CDK's QueueProcessingEc2Service adds one task from 100 messages on and five from
    500 on, in a fleet of any size; that follows a wake-up more slowly than these steps.

    Sources: https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html and
    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ecs_patterns.QueueProcessingEc2Service.html.
    """

    every_s: float = 60.0

    def __init__(self, cooldown_s: float = 300.0) -> None:
        self._cooldown_s = cooldown_s
        self._changes: dict[str, tuple[float, int, int]] = {}  # when, from how many tasks, and by how many

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
        return {name: self._decide(name, pool, observation.at) for name, pool in observation.pools.items()}

    def _decide(self, name: str, pool: PoolObservation, now: float) -> PoolDecision:
        desired = max(1, pool.spot.desired)
        backlog = (pool.interactive.waiting_s + pool.bulk.waiting_s) / max(1, pool.spot.running)
        share = next((share for least, share in STEPS if backlog >= least), SCALE_IN if backlog == 0 else 0.0)
        changed_at, before, change = self._changes.get(name, (-self._cooldown_s, desired, 0))
        if now < changed_at + self._cooldown_s:
            step = ceil(before * share) if share > 0 else 0
            if change > 0 and step > change:
                self._changes[name] = (now, before, step)
                desired = before + step
        elif share:
            step = ceil(desired * share) if share > 0 else -ceil(desired * -share)
            self._changes[name] = (now, desired, step)
            desired += step
        return PoolDecision(
            spot=min(max(desired, pool.spot.minimum, 1), pool.spot.maximum),
            on_demand=0,
            reason=f"{backlog:.1f} s of backlog per task",
        )
