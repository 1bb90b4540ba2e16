"""Observations for tests, and a fleet in which each desired task runs after a cold start."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from craftspark.fleet.decisions import Decision, Memory, PoolDecision
from craftspark.fleet.observations import (
    DECIDE_EVERY_S,
    LATE_S,
    FleetObservation,
    LaneWork,
    Limits,
    PoolObservation,
    Tasks,
)
from craftspark.fleet.policy.decide import decide

# A Monday at midnight, UTC.
MONDAY = 1_790_553_600.0
COLD_START_S = 120.0
SPOT_PRICE, ON_DEMAND_PRICE = 0.4, 1.0
PLENTY = Limits(dollars_per_hour=10_000.0, max_tasks=10_000)


def spot(*, running: int = 0, starting: int = 0, maximum: int = 100, price: float = SPOT_PRICE, **rest: float) -> Tasks:
    return Tasks(running=running, starting=starting, maximum=maximum, price=price, **rest)  # type: ignore[arg-type]


def on_demand(
    *, running: int = 0, starting: int = 0, maximum: int = 100, price: float = ON_DEMAND_PRICE, **rest: float
) -> Tasks:
    return Tasks(running=running, starting=starting, maximum=maximum, price=price, **rest)  # type: ignore[arg-type]


def pool(
    *,
    arrived_s: float = 0.0,
    waiting_s: float = 0.0,
    bulk: LaneWork | None = None,
    spot: Tasks | None = None,
    on_demand: Tasks | None = None,
    cold_start_s: float = COLD_START_S,
) -> PoolObservation:
    return PoolObservation(
        interactive=LaneWork(arrived_s=arrived_s, waiting_s=waiting_s),
        bulk=bulk or LaneWork(),
        spot=spot or Tasks(maximum=100, price=SPOT_PRICE),
        on_demand=on_demand or Tasks(maximum=100, price=ON_DEMAND_PRICE),
        cold_start_s=cold_start_s,
    )


def fleet(at: float = MONDAY, **pools: PoolObservation) -> FleetObservation:
    return FleetObservation(at=at, pools=pools)


@dataclass
class Plant:
    """One pool, `draw`, whose work arrives by `rate`. `spot_capacity` is how many spot tasks can run at a time."""

    rate: Callable[[float], float]
    has_spot: bool = True
    spot_capacity: Callable[[float], int] = lambda at: 1_000
    limits: Limits = PLENTY
    cold_start_s: float = COLD_START_S
    at: float = MONDAY
    memory: Memory = field(default_factory=Memory)
    waiting_s: float = 0.0
    idle_s: float = 0.0
    spot: list[float] = field(default_factory=list)
    on_demand: list[float] = field(default_factory=list)
    requested_spot: int = 0
    decisions: list[Decision] = field(default_factory=list)

    def run(self, seconds: float) -> list[PoolDecision]:
        """The decisions of this time."""
        first = len(self.decisions)
        for _ in range(int(seconds / DECIDE_EVERY_S)):
            self._step()
        return [each.pools["draw"] for each in self.decisions[first:]]

    def running(self, tasks: list[float]) -> int:
        return sum(ready <= self.at for ready in tasks)

    def _step(self) -> None:
        arrived = self.rate(self.at) * DECIDE_EVERY_S
        work = self.waiting_s + arrived
        can_do = (self.running(self.spot) + self.running(self.on_demand)) * DECIDE_EVERY_S
        self.waiting_s, self.idle_s = max(0.0, work - can_do), self.idle_s + max(0.0, can_do - work)
        self.at += DECIDE_EVERY_S
        capacity = self.spot_capacity(self.at)
        lost = max(0, len(self.spot) - capacity)
        del self.spot[:lost]
        decision = decide(self._observe(arrived, lost), self.memory, self.limits)
        self.memory = decision.memory
        self.decisions.append(decision)
        wanted = decision.pools["draw"]
        self.requested_spot = wanted.spot
        self.spot = _towards(self.spot, min(wanted.spot, capacity), self.at + self.cold_start_s)
        self.on_demand = _towards(self.on_demand, wanted.on_demand, self.at + self.cold_start_s)

    def _observe(self, arrived: float, lost: int) -> FleetObservation:
        late = self.waiting_s if self.waiting_s > LATE_S * max(self.rate(self.at), 1.0) else 0.0
        unserved = max(0, self.requested_spot - len(self.spot))
        seen = pool(
            arrived_s=arrived,
            waiting_s=self.waiting_s,
            spot=spot(
                running=self.running(self.spot),
                starting=len(self.spot) - self.running(self.spot) + unserved,
                draining=lost,
                maximum=100 if self.has_spot else 0,
            ),
            on_demand=on_demand(
                running=self.running(self.on_demand), starting=len(self.on_demand) - self.running(self.on_demand)
            ),
            cold_start_s=self.cold_start_s,
        )
        return fleet(self.at, draw=replace(seen, interactive=replace(seen.interactive, late_s=late)))


def _towards(tasks: list[float], wanted: int, ready: float) -> list[float]:
    """The times at which tasks are ready, with as many as wanted. The newest ones end first."""
    return tasks[:wanted] + [ready] * (wanted - len(tasks))
