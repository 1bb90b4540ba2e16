"""The fleet's controller with fakes around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from craftspark.fleet.controller import run as controller
from craftspark.fleet.controller.launches import Grants
from craftspark.fleet.controller.pools import ControlledPool, ControlledService
from craftspark.fleet.controller.readings import Counters, PoolReading, ServiceReading
from craftspark.fleet.controller.run import Change, FleetControl, Record, Superseded
from craftspark.fleet.decisions import Decision, Fault, Memory, PoolDecision, PoolMemory
from craftspark.fleet.observations import FleetObservation, LaneWork, Limits
from craftspark.fleet.supply import PoolSupply, TypeSupply
from tests.clock import Clock

NOON = 1_900_000_000.0
SPOT = ControlledService(service="draw-spot", parameter="/spot", minimum=1, maximum=8, price=0.4)
ON_DEMAND = ControlledService(service="draw-on-demand", parameter="/on-demand", minimum=0, maximum=4, price=0.8)
DRAW = ControlledPool(
    name="draw",
    family="draw",
    zones=("a", "b"),
    instance_families=("g5", "g6"),
    launch_s=100,
    images_per_batch=4,
    bulk_within_s=600,
    spot=SPOT,
    on_demand=ON_DEMAND,
)
READING = PoolReading(
    interactive=LaneWork(waiting_s=40.0, late_s=10.0, oldest_s=35.0),
    bulk=LaneWork(),
    pace=2.0,
    launch_s=None,
    counters=Counters(work_s={"interactive": 100.0, "bulk": 50.0}),
    spot=ServiceReading(desired=1, running=1),
    on_demand=ServiceReading(desired=0),
)


SUPPLY = PoolSupply(at=NOON, spot=TypeSupply(), on_demand=TypeSupply(), obtainable=0, cold_start_s=100.0, reason="none")


def decided(*, spot: int, on_demand: int, supply: PoolSupply | None = SUPPLY) -> PoolDecision:
    return PoolDecision(spot=spot, on_demand=on_demand, reason="work waits", supply=supply)


@dataclass
class FakeRecords:
    record: Record = field(default_factory=Record)
    overtaken: bool = False
    grants: Grants = field(default_factory=Grants)

    def read(self) -> Record:
        return self.record

    def read_grants(self) -> Grants:
        return self.grants

    def write(self, record: Record, decision: Decision, *, grants: int) -> None:
        if self.overtaken or record.version != self.record.version + 1 or grants != self.grants.version:
            raise Superseded
        self.record = record


@dataclass
class FakeReadings:
    """Reads `reading`, which takes `takes_s`."""

    clock: Clock
    reading: PoolReading | Fault = READING
    takes_s: float = 0.5
    after: Callable[[], None] = lambda: None

    def read(self, at: float) -> Mapping[str, PoolReading | Fault]:
        self.clock.now += self.takes_s
        self.after()
        return {"draw": self.reading}


@dataclass
class FakeServices:
    changes: list[Change] = field(default_factory=list)

    def set_counts(self, changes: tuple[Change, ...]) -> None:
        self.changes += changes


class Stage:
    """A controller with fakes. Its policy decides `decided`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock(NOON)
        self.records, self.readings, self.services = FakeRecords(), FakeReadings(self.clock), FakeServices()
        self.decided = decided(spot=3, on_demand=1)
        self.pool, self.limits = DRAW, Limits(dollars_per_hour=10.0, max_tasks=10)
        self.observations: list[tuple[FleetObservation, Memory]] = []
        self.allowed: list[Limits] = []
        monkeypatch.setattr(controller, "decide", self.decide)

    def decide(self, observation: FleetObservation, memory: Memory, limits: Limits) -> Decision:
        self.observations.append((observation, memory))
        self.allowed.append(limits)
        kept = Memory(decided_at=observation.at, pools={"draw": PoolMemory(seen_at=observation.at)})
        return Decision(at=observation.at, pools={"draw": self.decided}, memory=kept)

    def run(self) -> Any:
        return FleetControl(
            records=self.records,
            launches=self.records,
            readings=self.readings,
            services=self.services,
            pools=(self.pool,),
            limits=self.limits,
            clock=self.clock,
        ).run()
