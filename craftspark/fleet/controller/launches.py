"""Launches of single tasks for batches: granted within the limits that hold for the controller's own tasks.

A grant counts from the moment that it is written. The controller takes the launched tasks, and the grants whose tasks
ECS does not show yet, from the limits of its decision. A grant is written only if the record of the last decision is
still the same, and a record only if there is no new grant. So decisions and grants together keep the limits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from craftspark.contracts import Contract
from craftspark.fleet.controller.pools import ControlledPool
from craftspark.fleet.decisions import PoolMemory
from craftspark.fleet.observations import Limits

# ECS shows a task this long after its grant at the latest. Seconds.
VISIBLE_S = 120.0
# While the controller makes no decisions, a launched task is taken to run for so long. Seconds.
LASTS_S = 3600.0
# The clocks of ECS and of the function that grants can differ by this. Seconds.
SKEW_S = 5.0


@dataclass(frozen=True, kw_only=True)
class LaunchRequest(Contract):
    """A batch of a pool asks for a task. `batch` is its job's ID and its number.

    With `wakes`, the pool may be asleep, and one task is enough for all batches that come in the time of a launch.
    """

    batch: str
    pool: str
    wakes: bool


@dataclass(frozen=True, kw_only=True)
class LaunchAnswer(Contract):
    """Whether the batch may launch a task. Otherwise it waits in its pool's queue. `reason` is for operators."""

    granted: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Grant(Contract):
    """A launch for a batch of a pool, granted at `at`. `decision` is the version of the record at this time."""

    batch: str
    pool: str
    at: float
    decision: int


@dataclass(frozen=True, kw_only=True)
class Grants(Contract):
    """All recent grants. `version` grows with each."""

    version: int = 0
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LastDecision:
    """What the record of the last decision says about tasks. `launched` counts those of no service, by pool."""

    version: int
    pools: Mapping[str, PoolMemory]
    launched: Mapping[str, int]


class LaunchRecords(Protocol):
    """The record of the last decision, and the grants."""

    def read(self) -> tuple[LastDecision, Grants]:
        """Both, as they are at the same moment or later."""

    def write(self, grants: Grants, *, decision: int) -> bool:
        """Write the grants if their version follows the present one and the record has the version `decision`. Returns
        False, and writes nothing, otherwise.
        """


@dataclass(frozen=True, kw_only=True)
class Launches:
    """Decides about launches."""

    records: LaunchRecords
    pools: tuple[ControlledPool, ...]
    limits: Limits
    # Each try means that another batch got a grant, or that the controller decided.
    tries: int = 8

    def ask(self, request: LaunchRequest, at: float) -> LaunchAnswer:
        """Whether a batch may launch a task at `at`. The same batch gets the same answer for as long as its grant is
        kept.
        """
        for _ in range(self.tries):
            decision, grants = self.records.read()
            answer = self._judge(request, decision, grants, at)
            if not answer.granted or find_grant(grants, request.batch):
                return answer
            grant = Grant(batch=request.batch, pool=request.pool, at=at, decision=decision.version)
            kept = [each for each in grants.grants if at - each.at < LASTS_S]
            following = Grants(version=grants.version + 1, grants=(*kept, grant))
            if self.records.write(following, decision=decision.version):
                return answer
        return LaunchAnswer(granted=False, reason="too many batches ask at the same time")

    def _judge(self, request: LaunchRequest, decision: LastDecision, grants: Grants, at: float) -> LaunchAnswer:
        if find_grant(grants, request.batch):
            return LaunchAnswer(granted=True, reason="granted before")
        pool = next((each for each in self.pools if each.name == request.pool), None)
        if pool is None:
            return LaunchAnswer(granted=False, reason=f"there is no pool {request.pool}")
        unseen = [each for each in grants.grants if _counts(each, decision, at)]
        if request.wakes and (_is_awake(pool, decision) or _is_launching(pool, grants, at)):
            return LaunchAnswer(granted=False, reason="the pool has a task, or gets one")
        refusal = self._find_limit(pool, decision, unseen)
        return LaunchAnswer(granted=not refusal, reason=refusal or "within the limits")

    def _find_limit(self, pool: ControlledPool, decision: LastDecision, unseen: Sequence[Grant]) -> str | None:
        """The limit that one more launched task would exceed."""
        tasks, dollars = 1, pool.on_demand.price
        for each in self.pools:
            spot, on_demand = _desired(each, decision)
            launched = decision.launched.get(each.name, 0) + sum(grant.pool == each.name for grant in unseen)
            tasks += spot + on_demand + launched
            dollars += spot * each.spot.price + (on_demand + launched) * each.on_demand.price
            if each == pool and on_demand + launched >= pool.on_demand.maximum:
                return f"the pool's maximum of {pool.on_demand.maximum} on demand"
        if tasks > self.limits.max_tasks:
            return f"the stage's cap of {self.limits.max_tasks} tasks"
        if dollars > self.limits.dollars_per_hour + 1e-6:
            return f"the stage's budget of {self.limits.dollars_per_hour:.2f} dollars per hour"
        return None


def find_grant(grants: Grants, batch: str) -> Grant | None:
    """The grant of a batch."""
    return next((each for each in grants.grants if each.batch == batch), None)


def count_launched(ages_s: Iterable[float], grants: Iterable[Grant], at: float) -> int:
    """The tasks of a pool that were launched, and those that were granted and that ECS does not show yet.

    `ages_s` are the times since the launched tasks were requested that have not stopped.
    """
    ages = list(ages_s)
    recent = [each.at for each in grants if at - each.at < VISIBLE_S]
    shown = sum(age <= at - min(recent) + SKEW_S for age in ages) if recent else 0
    return len(ages) + max(0, len(recent) - shown)


def without_launched(limits: Limits, pools: Iterable[ControlledPool], launched: Mapping[str, int]) -> Limits:
    """The limits that launched tasks leave to the services."""
    tasks = {pool: launched.get(pool.name, 0) for pool in pools}
    dollars = sum(count * pool.on_demand.price for pool, count in tasks.items())
    # Limits that are none stay so, and the policy refuses them.
    return Limits(
        max_tasks=min(limits.max_tasks, max(0, limits.max_tasks - sum(tasks.values()))),
        dollars_per_hour=min(limits.dollars_per_hour, max(0.0, limits.dollars_per_hour - dollars)),
    )


def _is_awake(pool: ControlledPool, decision: LastDecision) -> bool:
    """Whether the last decision knows of a task of the pool that runs or starts."""
    return any((*_desired(pool, decision), decision.launched.get(pool.name, 0)))


def _is_launching(pool: ControlledPool, grants: Grants, at: float) -> bool:
    """Whether a task was launched for the pool in the time of a launch."""
    return any(each.pool == pool.name and at - each.at < pool.launch_s for each in grants.grants)


def _counts(grant: Grant, decision: LastDecision, at: float) -> bool:
    """Whether a grant is not part of the last decision. A decision has seen all grants on earlier ones."""
    return grant.decision >= decision.version and at - grant.at < LASTS_S


def _desired(pool: ControlledPool, decision: LastDecision) -> tuple[int, int]:
    """The tasks of the services. Before the first decision they have their minima."""
    memory = decision.pools.get(pool.name)
    return (memory.spot.desired, memory.on_demand.desired) if memory else (pool.spot.minimum, pool.on_demand.minimum)
