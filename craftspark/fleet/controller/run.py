"""One decision of the controller: observe, decide, record, and set the counts that changed.

The record has a version. A run writes the next version before it acts, so of two runs that overlap only one acts.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from craftspark.contracts import Contract
from craftspark.fleet.controller.launches import Grants, count_launched, without_launched
from craftspark.fleet.controller.pools import ControlledPool
from craftspark.fleet.controller.readings import Counters, PoolReading, observe_pool
from craftspark.fleet.decisions import Decision, Fault, Memory
from craftspark.fleet.observations import FleetObservation, Limits
from craftspark.fleet.policy.decide import decide

SPOT, ON_DEMAND = "spot", "on-demand"
# A decision is this much before the next one at least, because an event can come twice. Seconds.
TOO_SOON_S = 8.0


class Superseded(Exception):
    """Another run has made a decision since this one read the record."""


class DecisionRefused(Exception):
    """A decision has a count above a limit. Nothing of it is carried out."""


@dataclass(frozen=True, kw_only=True)
class Record(Contract):
    """What a decision keeps for the next one. `counters` has the totals of each pool at the last decision, and
    `launched` the number of its tasks of no service.
    """

    version: int = 0
    memory: Memory = field(default_factory=Memory)
    counters: Mapping[str, Counters] = field(default_factory=dict)
    launched: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A service whose desired count a decision changes."""

    pool: str
    capacity: str
    before: int
    after: int


class Readings(Protocol):
    def read(self, at: float) -> Mapping[str, PoolReading | Fault]:
        """Each pool at `at`, in seconds since the epoch, or why it cannot be observed."""


class Records(Protocol):
    def read(self) -> Record:
        """The record of the last decision."""

    def write(self, record: Record, decision: Decision, *, grants: int) -> None:
        """Write the record, with each pool's decision, if its version follows the present one and the grants of
        launches have the version `grants`. Raises Superseded.
        """


class LaunchGrants(Protocol):
    def read_grants(self) -> Grants:
        """The recent grants of launches."""


class Services(Protocol):
    def set_counts(self, changes: tuple[Change, ...]) -> None:
        """Set the desired counts of these services."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A decision, with what it was made on. `since_s` is the time since the one before, or None for the first.

    Where `faults` name a part of the observation, the last counts of its pools stand.
    """

    observation: FleetObservation
    decision: Decision
    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    since_s: float | None


@dataclass(frozen=True, kw_only=True)
class FleetControl:
    """Makes one decision for all pools."""

    records: Records
    launches: LaunchGrants
    readings: Readings
    services: Services
    pools: tuple[ControlledPool, ...]
    limits: Limits
    clock: Callable[[], float] = time.time

    def run(self) -> Outcome | None:
        """The decision, or None if another run has just made one or a batch was granted a launch meanwhile.

        Raises Unusable and DecisionRefused, and changes nothing then.
        """
        at = self.clock()
        record = self.records.read()
        decided_at = record.memory.decided_at
        since_s = None if decided_at is None else at - decided_at
        if since_s is not None and 0 <= since_s < TOO_SOON_S:
            return None
        grants = self.launches.read_grants()
        readings = self.readings.read(at)
        missing = [each for each in readings.values() if isinstance(each, Fault)]
        observed = {name: each for name, each in readings.items() if isinstance(each, PoolReading)}
        launched = {**record.launched, **_count_launched(observed, grants, at)}
        limits = without_launched(self.limits, self.pools, launched)
        observation = self._observe(at, observed, record, launched)
        decision = decide(observation, record.memory, limits)
        changes = tuple(_list_changes(decision, observation))
        _check(decision, observation, limits)
        # Totals that the policy has not used stay as they were: what arrived meanwhile counts at its next decision.
        used = {
            name: observed[name].counters
            for name, memory in decision.memory.pools.items()
            if name in observed and memory.seen_at == at
        }
        counters = {**record.counters, **used}
        try:
            following = Record(version=record.version + 1, memory=decision.memory, counters=counters, launched=launched)
            self.records.write(following, decision, grants=grants.version)
        except Superseded:
            return None
        self.services.set_counts(changes)
        faults = (
            *missing,
            *(fault for fault in decision.faults if fault.field not in {each.field for each in missing}),
        )
        return Outcome(observation=observation, decision=decision, changes=changes, faults=faults, since_s=since_s)

    def _observe(
        self, at: float, observed: Mapping[str, PoolReading], record: Record, launched: Mapping[str, int]
    ) -> FleetObservation:
        age_s = self.clock() - at
        return FleetObservation(
            at=at,
            pools={
                pool.name: observe_pool(
                    pool,
                    observed[pool.name],
                    _find_totals(record, pool.name),
                    launched=launched[pool.name],
                    age_s=age_s,
                )
                for pool in self.pools
                if pool.name in observed
            },
        )


def _count_launched(observed: Mapping[str, PoolReading], grants: Grants, at: float) -> dict[str, int]:
    return {
        name: count_launched(reading.launch_ages_s, [each for each in grants.grants if each.pool == name], at)
        for name, reading in observed.items()
    }


def _check(decision: Decision, observation: FleetObservation, limits: Limits) -> None:
    """Raise DecisionRefused if the counts that would be set are above a limit. No fault of the policy may cost
    money without bounds.
    """
    total, cost = 0, 0.0
    for name, pool in observation.pools.items():
        decided = decision.pools[name]
        for capacity, tasks, count in (
            (SPOT, pool.spot, decided.spot),
            (ON_DEMAND, pool.on_demand, decided.on_demand),
        ):
            if decided.supply and not 0 <= count <= tasks.maximum:
                raise DecisionRefused(f"{name}, {capacity}: {count} tasks, not 0 to {tasks.maximum}")
            total, cost = total + count, cost + count * tasks.price
    if total > limits.max_tasks:
        raise DecisionRefused(f"{total} tasks, more than {limits.max_tasks}")
    if cost > limits.dollars_per_hour + 1e-6:
        raise DecisionRefused(f"{cost:.2f} dollars per hour, more than {limits.dollars_per_hour:.2f}")


def _find_totals(record: Record, pool: str) -> Counters | None:
    """The totals of a pool when the policy last used them. None for a pool that it does not remember."""
    memory = record.memory.pools.get(pool)
    return record.counters.get(pool) if memory and memory.seen_at is not None else None


def _list_changes(decision: Decision, observation: FleetObservation) -> Iterator[Change]:
    """The counts that differ, of the pools whose observation the policy could use."""
    for name, pool in observation.pools.items():
        decided = decision.pools[name]
        if decided.supply is None:
            continue
        for capacity, tasks, count in ((SPOT, pool.spot, decided.spot), (ON_DEMAND, pool.on_demand, decided.on_demand)):
            if tasks.desired != count:
                yield Change(pool=name, capacity=capacity, before=tasks.desired, after=count)
