"""Metrics of the fleet's supply and demand, by pool, in the embedded metric format."""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from craftspark.fleet.controller.run import Outcome
from craftspark.fleet.observations import LaneWork, PoolObservation, Tasks

Measure = tuple[MetricUnit, float]


def emit_measures(outcome: Outcome) -> None:
    """Write a log line for each pool and capacity type, each pool and lane, and one for the fleet.

    A pool whose observation cannot be used has none: its numbers may be none.
    """
    cost = 0.0
    for name, pool in outcome.observation.pools.items():
        decision = outcome.decision.pools[name]
        if decision.supply is None:
            continue
        for capacity, tasks, desired in (
            ("spot", pool.spot, decision.spot),
            ("on-demand", pool.on_demand, decision.on_demand),
        ):
            _emit(_measure_tasks(tasks, desired, pool), pool=name, capacity=capacity)
            cost += (tasks.running + tasks.draining) * tasks.price
        cost += pool.launched * pool.on_demand.price
        for lane, work in (("interactive", pool.interactive), ("bulk", pool.bulk)):
            _emit(_measure_lane(work), pool=name, lane=lane)
    age = {"FleetDecisionAge": (MetricUnit.Seconds, outcome.since_s)} if outcome.since_s is not None else {}
    _emit({"FleetCostPerHour": (MetricUnit.NoUnit, round(cost, 3)), **age})


def _measure_tasks(tasks: Tasks, desired: int, pool: PoolObservation) -> dict[str, Measure]:
    return {
        "FleetTasksDesired": (MetricUnit.Count, desired),
        "FleetTasksRunning": (MetricUnit.Count, tasks.running),
        # 1 is a start that takes as long as it should.
        "FleetStartDelay": (MetricUnit.NoUnit, round(tasks.oldest_start_s / pool.cold_start_s, 3)),
    }


def _measure_lane(work: LaneWork) -> dict[str, Measure]:
    return {
        "FleetBacklog": (MetricUnit.Seconds, round(work.waiting_s, 3)),
        "FleetLateWork": (MetricUnit.Seconds, round(work.late_s, 3)),
        "FleetOldestWait": (MetricUnit.Seconds, round(work.oldest_s, 3)),
        "FleetArrivedWork": (MetricUnit.Seconds, round(work.arrived_s, 3)),
    }


def _emit(measures: Mapping[str, Measure], **dimensions: str) -> None:
    metrics = EphemeralMetrics()
    for dimension, of in dimensions.items():
        metrics.add_dimension(dimension, of)
    for name, (unit, value) in measures.items():
        metrics.add_metric(name=name, unit=unit, value=value)
    metrics.flush_metrics()
