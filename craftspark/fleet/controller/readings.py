"""What is read of each pool, and the observation that follows from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from craftspark.contracts import Contract
from craftspark.fleet.controller.pools import ControlledPool, ControlledService
from craftspark.fleet.observations import LaneWork, PoolObservation, SpotMarket, Tasks


@dataclass(frozen=True, kw_only=True)
class Counters(Contract):
    """Totals of a pool that only grow. Their growth since the last decision is what happened since.

    `work_s` is the work that arrived by lane, by the profile. `notices` counts the interruptions of spot instances, by
    `<zone>#<family>`. `failed` counts the launches of spot instances that failed, by zone.
    """

    work_s: Mapping[str, float] = field(default_factory=dict)
    notices: Mapping[str, float] = field(default_factory=dict)
    failed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ServiceReading:
    """The tasks of a service: how many take work, how long ago those were requested that start, and how many drain.

    A task whose worker still loads its models starts.
    """

    desired: int
    running: int = 0
    start_ages_s: tuple[float, ...] = ()
    draining: int = 0


@dataclass(frozen=True, kw_only=True)
class PoolReading:
    """A pool. The lanes have no arrivals yet. `pace` is the factor between the workers' time and the profile's.

    `launch_s` is the time from the request for a task to its first step, or None if no worker has measured it.
    `launched` tasks run and belong to no service; `launch_ages_s` has the times since these and those that start were
    requested. `spot_instances` counts the instances on which spot tasks run, by
    `<zone>#<family>`.
    """

    interactive: LaneWork
    bulk: LaneWork
    pace: float
    launch_s: float | None
    counters: Counters
    spot: ServiceReading
    on_demand: ServiceReading
    launched: int = 0
    launch_ages_s: tuple[float, ...] = ()
    spot_instances: Mapping[str, int] = field(default_factory=dict)


def observe_pool(
    pool: ControlledPool, reading: PoolReading, since: Counters | None, *, launched: int = 0, age_s: float
) -> PoolObservation:
    """The observation of a pool. `since` has its totals at the last decision, or is None at the first.

    The `launched` tasks that run, start or may start take instances on demand from the service.
    """
    arrived = _growth(reading.counters.work_s, since.work_s if since else None)
    notices = _growth(reading.counters.notices, since.notices if since else None)
    failed = _growth(reading.counters.failed, since.failed if since else None)
    return PoolObservation(
        interactive=replace(reading.interactive, arrived_s=arrived.get("interactive", 0.0) * reading.pace),
        bulk=replace(reading.bulk, arrived_s=arrived.get("bulk", 0.0) * reading.pace),
        spot=_observe_tasks(pool.spot, reading.spot, pool.spot.maximum),
        on_demand=_observe_tasks(
            pool.on_demand, reading.on_demand, max(pool.on_demand.minimum, pool.on_demand.maximum - launched)
        ),
        markets=tuple(_observe_markets(pool, reading.spot_instances, notices, failed)),
        cold_start_s=float(pool.launch_s if reading.launch_s is None else reading.launch_s),
        launched=reading.launched,
        bulk_within_s=float(pool.bulk_within_s),
        age_s=age_s,
    )


def _observe_tasks(service: ControlledService, reading: ServiceReading, maximum: int) -> Tasks:
    return Tasks(
        running=reading.running,
        starting=len(reading.start_ages_s),
        oldest_start_s=max(reading.start_ages_s, default=0.0),
        draining=reading.draining,
        desired=reading.desired,
        minimum=service.minimum,
        maximum=maximum,
        price=service.price,
    )


def _observe_markets(
    pool: ControlledPool, running: Mapping[str, int], notices: Mapping[str, float], failed: Mapping[str, float]
) -> Iterator[SpotMarket]:
    """The markets that the pool's launches can use, and others in which something happened.

    A launch fails in a zone after all families were tried there. One whose zone is unknown counts in every zone.
    """
    usable = {(zone, family) for zone in pool.zones for family in pool.instance_families}
    others = {market.partition("#")[::2] for market in (*running, *(name for name, count in notices.items() if count))}
    for zone, family in sorted(usable | others):
        yield SpotMarket(
            zone=zone,
            family=family,
            running=running.get(f"{zone}#{family}", 0),
            interrupted=round(notices.get(f"{zone}#{family}", 0)),
            failed=round(failed.get(zone, 0) + failed.get("", 0)),
        )


def _growth(now: Mapping[str, float], before: Mapping[str, float] | None) -> dict[str, float]:
    """The growth of each total. A total that is smaller than before started again at 0."""
    if before is None:
        return dict.fromkeys(now, 0.0)
    return {
        name: total - before.get(name, 0.0) if total >= before.get(name, 0.0) else total for name, total in now.items()
    }
