"""What is decided about the fleet, and what a decision keeps for the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from craftspark.contracts import Contract
from craftspark.fleet.supply import PoolSupply


@dataclass(frozen=True, kw_only=True)
class PoolDecision(Contract):
    """The desired tasks of a pool by capacity type. `reason` is for operators.

    `supply` is what admission may count on. It is None if the pool's observation cannot be used.
    """

    spot: int
    on_demand: int
    reason: str
    supply: PoolSupply | None = None


@dataclass(frozen=True, kw_only=True)
class Fault(Contract):
    """A part of an observation that cannot be used. `field` is its path, such as `pools.draw.spot.price`."""

    field: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Forecast(Contract):
    """What both rules expected for the time `due`: the work per second. One of them is better, as it turns out."""

    due: float
    reactive: float
    history: float


@dataclass(frozen=True, kw_only=True)
class History(Contract):
    """The work per second of earlier days, by slot of the day.

    `rates` has one entry for each slot, which is None until the slot was observed. `slot`, `work_s` and `seconds`
    are the slot in progress. `today` and `earlier` are the recent rates of today and of the same time on earlier days.
    `pending` holds the forecasts whose time has not come. `errors` has the loss of the reactive rule and of the
    history, by hour of the day.
    """

    rates: tuple[float | None, ...] = ()
    slot: int | None = None
    work_s: float = 0.0
    seconds: float = 0.0
    today: float = 0.0
    earlier: float = 0.0
    pending: tuple[Forecast, ...] = ()
    errors: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class TypeMemory(Contract):
    """What the policy keeps of one capacity type of a pool.

    `desired` is the last decided count, `price` the last price, and `present` the number of tasks that ran or started
    at the last observation. `starts` has the time of each request for tasks that still start, and their number."""

    desired: int = 0
    price: float = 0.0
    present: int = 0
    starts: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class PoolMemory(Contract):
    """What the policy keeps of a pool from one decision to the next.

    `seen_at` is the time of the last usable observation, if there was one. `begun_at` is that of the first one, if the
    pool had tasks then of which the policy knew nothing. `arrived` has the end of each recent interval, and the
    interactive work per second that arrived in it. `trouble_at` is the last time at which a spot market interrupted or
    lacked instances, and `failed` has the recent times at which launches found none, by `<zone>#<family>`. `needs`,
    `lates`, `bulks` and `shortages` have the recent times and numbers of the tasks for interactive arrivals, for late
    work, for bulk work, and that spot lacked: scale-in goes to the largest of them.
    """

    seen_at: float | None = None
    begun_at: float | None = None
    arrived: tuple[tuple[float, float], ...] = ()
    trouble_at: float | None = None
    failed: Mapping[str, float] = field(default_factory=dict)
    history: History = field(default_factory=History)
    needs: tuple[tuple[float, int], ...] = ()
    lates: tuple[tuple[float, int], ...] = ()
    bulks: tuple[tuple[float, int], ...] = ()
    shortages: tuple[tuple[float, int], ...] = ()
    spot: TypeMemory = field(default_factory=TypeMemory)
    on_demand: TypeMemory = field(default_factory=TypeMemory)


@dataclass(frozen=True, kw_only=True)
class Memory(Contract):
    """What the policy keeps. It is JSON of some kilobytes. `decided_at` is the time of the last observation."""

    decided_at: float | None = None
    pools: Mapping[str, PoolMemory] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Decision(Contract):
    """The decision for all pools, and the memory for the next decision.

    Where `faults` name a part of the observation, the last good counts of its pools stand.
    """

    at: float
    pools: Mapping[str, PoolDecision]
    memory: Memory
    faults: tuple[Fault, ...] = ()
