"""Which capacity type the tasks of a pool come from: spot if it is available, and on demand for the rest."""

from dataclasses import dataclass, replace

from craftspark.fleet.decisions import PoolMemory
from craftspark.fleet.observations import PoolObservation
from craftspark.fleet.policy.need import CATCH_UP_S, Need
from craftspark.fleet.policy.starts import overdue
from craftspark.fleet.policy.steady import LASTS_S, settle

# After trouble on the markets, only spot tasks that run are counted on. Seconds.
TROUBLE_S = 300.0
# A launch that finds no capacity in one market is tried in all others within this time. Seconds.
TRIED_S = 60.0
# More than this share of the tasks interrupted in one interval is trouble.
MANY = 0.1


@dataclass(frozen=True, kw_only=True)
class Split:
    """Tasks by capacity type. `bulk` of the spot tasks and `bulk_on_demand` of the others are only for bulk work.

    `certain` of the spot tasks can be counted on: they run, or nothing speaks against their start.
    """

    spot: int
    on_demand: int
    certain: int = 0
    bulk: int = 0
    bulk_on_demand: int = 0
    reason: str = ""


def watch_markets(memory: PoolMemory, pool: PoolObservation, at: float) -> PoolMemory:
    """Note trouble on the spot markets: launches that find no capacity, many interruptions, starts that take too long.

    A launch that fails in one market is tried in another one. So only a failure in all markets is trouble. A few
    interruptions are usual, and spot replaces them within the two minutes of the notice.
    """
    names = [f"{market.zone}#{market.family}" for market in pool.markets]
    failed = {name: when for name, when in memory.failed.items() if at - when < TRIED_S}
    failed |= {name: at for name, market in zip(names, pool.markets, strict=True) if market.failed}
    memory = replace(memory, failed=failed)
    interrupted = sum(market.interrupted for market in pool.markets)
    many = interrupted > max(1, MANY * (pool.spot.running + interrupted))
    if many or overdue(memory.spot, at, pool.cold_start_s):
        return replace(memory, trouble_at=at)
    if names and all(name in failed for name in names):
        return replace(memory, trouble_at=max(memory.trouble_at or 0.0, *(failed[name] for name in names)))
    return memory


def is_spot_healthy(memory: PoolMemory, at: float) -> bool:
    """Whether new spot tasks can be counted on."""
    return memory.trouble_at is None or at - memory.trouble_at >= TROUBLE_S


def is_new(memory: PoolMemory, at: float) -> bool:
    """Whether the memory is too short to say that fewer tasks are needed."""
    return memory.begun_at is not None and at - memory.begun_at < LASTS_S


def split(need: Need, pool: PoolObservation, memory: PoolMemory, at: float) -> tuple[Split, PoolMemory]:
    """All tasks on spot, and on demand immediately for those that spot does not give.

    A spot request without capacity costs nothing, so the spot count stays at the whole need. On-demand tasks are given
    back as spot tasks take their place. Bulk work waits for spot until it is urgent.
    """
    lasts = need.lasts or is_new(memory, at)
    lasts_s, late_lasts_s = (LASTS_S, pool.cold_start_s + CATCH_UP_S) if lasts else (0.0, 0.0)
    arrivals, needs = settle(memory.needs, need.interactive, at, lasts_s)
    late, lates = settle(memory.lates, need.late, at, late_lasts_s)
    bulk, bulks = settle(memory.bulks, need.bulk, at, LASTS_S)
    interactive = arrivals + late
    total = max(interactive, need.interactive + bulk)
    most = 0 if _is_dear(pool) else pool.spot.maximum
    wanted = min(max(total - pool.on_demand.minimum, pool.spot.minimum), most)
    certain = wanted if is_spot_healthy(memory, at) else min(wanted, pool.spot.running)
    short, shortages = settle(memory.shortages, wanted - certain, at, pool.cold_start_s)
    covered = total if need.is_bulk_urgent or wanted == 0 else interactive
    on_demand = min(max(covered - (wanted - short), pool.on_demand.minimum), pool.on_demand.maximum)
    parts = Split(
        spot=wanted,
        on_demand=on_demand,
        certain=certain,
        bulk=min(total - interactive, wanted),
        bulk_on_demand=max(0, min(on_demand, total - interactive - wanted)),
        reason=f", {on_demand} on demand, because spot lacks capacity" if short and on_demand else "",
    )
    return parts, replace(memory, needs=needs, lates=lates, bulks=bulks, shortages=shortages)


def _is_dear(pool: PoolObservation) -> bool:
    """Whether spot costs as much as on demand, which is never interrupted."""
    return pool.on_demand.maximum > 0 and pool.spot.price >= pool.on_demand.price
