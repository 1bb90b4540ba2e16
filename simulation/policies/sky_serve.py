"""SkyServe's autoscaler with spot, one more than needed, and a fallback to on-demand."""

from collections import deque
from collections.abc import Mapping
from math import ceil

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import FleetObservation, PoolObservation
from simulation.policies import Messages

WINDOW_S = 60.0


class SkyServe:
    """Replicas for the request rate of the last minute, after a delay, with a dynamic fallback to on-demand.

    The target changes when the rate has asked for more during the whole `upscale_delay_s`, or for less during the
    whole `downscale_delay_s`. Spot has the target and `overprovision` more. On-demand has what is missing of it among
    the spot replicas that are ready. SkyServe lets the user state the requests per second of a replica; here a replica
    is given `utilization` of its time in work, so that jobs of different lengths count as they should.

    Sources: `AUTOSCALER_*` in https://github.com/skypilot-org/skypilot/blob/master/sky/serve/constants.py (window 60
    s, decisions every 20 s, delays 300 s and 1,200 s), https://docs.skypilot.co/en/latest/serving/spot-policy.html,
    and the SpotHedge policy of "SkyServe: Serving AI Models across Regions and Clouds with Spot Instances"
    (https://arxiv.org/abs/2411.01438).
    """

    every_s: float = 20.0

    def __init__(
        self,
        *,
        utilization: float = 0.8,
        overprovision: int = 1,
        upscale_delay_s: float = 300.0,
        downscale_delay_s: float = 1200.0,
    ) -> None:
        self._utilization, self._overprovision = utilization, overprovision
        self._more_needed = round(upscale_delay_s / self.every_s)
        self._fewer_needed = round(downscale_delay_s / self.every_s)
        self._pools: dict[str, _Replicas] = {}

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
        return {name: self._decide(name, pool) for name, pool in observation.pools.items()}

    def _decide(self, name: str, pool: PoolObservation) -> PoolDecision:
        replicas = self._pools.setdefault(name, _Replicas(deque(maxlen=round(WINDOW_S / self.every_s))))
        arrived = replicas.arrived
        arrived.append((pool.interactive.arrived_s + pool.bulk.arrived_s) / self.every_s)
        wanted = max(1, ceil(sum(arrived) / len(arrived) / self._utilization))
        replicas.more = replicas.more + 1 if wanted > replicas.target else 0
        replicas.fewer = replicas.fewer + 1 if wanted < replicas.target else 0
        if replicas.more >= self._more_needed or replicas.fewer >= self._fewer_needed:
            replicas.target, replicas.more, replicas.fewer = wanted, 0, 0
        spot = min(replicas.target + self._overprovision, pool.spot.maximum)
        fallback = min(replicas.target, replicas.target + self._overprovision - pool.spot.running)
        return PoolDecision(
            spot=max(spot, pool.spot.minimum),
            on_demand=min(max(0, fallback), pool.on_demand.maximum),
            reason=f"{replicas.target} replicas, and {self._overprovision} more on spot",
        )


class _Replicas:
    def __init__(self, arrived: deque[float]) -> None:
        self.arrived = arrived
        self.target, self.more, self.fewer = 1, 0, 0
