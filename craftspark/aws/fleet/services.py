"""The pools' ECS services: their tasks, and their desired counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from craftspark.aws.fleet.ready_tasks import ReadyTasks
from craftspark.fleet.controller.pools import ControlledPool
from craftspark.fleet.controller.readings import ServiceReading
from craftspark.fleet.controller.run import SPOT, Change

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ssm import SSMClient

SERVICES_PER_CALL, TASKS_PER_CALL = 10, 100
# ECS takes 5 changes of services per second in the long run, in bursts of 50.
CHANGES_AT_ONCE = 4
LAUNCHED = "launched"
RUNNING = "RUNNING"
# A task that has run for longer takes work, though its worker could not report it. Seconds.
LOADS_WITHIN_S = 600.0
STARTING = ("PROVISIONING", "PENDING", "ACTIVATING")


class PoolTasks(NamedTuple):
    """The tasks of a pool, those that belong to no service, and the spot instances by `<zone>#<family>`.

    `launched` tasks run. `launch_ages_s` has the times since these and those that start were requested.
    """

    spot: ServiceReading
    on_demand: ServiceReading
    launched: int
    launch_ages_s: tuple[float, ...]
    spot_instances: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class FleetServices:
    """The services of all pools in a cluster."""

    ecs: ECSClient
    ssm: SSMClient
    cluster: str
    pools: tuple[ControlledPool, ...]
    ready: ReadyTasks
    # The running tasks of each pool that take work. They do so until their end.
    _ready: dict[str, set[str]] = field(default_factory=dict, init=False)
    # The type of an instance never changes, so each is described once.
    _types: dict[str, str] = field(default_factory=dict, init=False)

    def describe(self) -> dict[str, dict[str, Any]]:
        """Every active service by its name."""
        names = [service.service for pool in self.pools for service in (pool.spot, pool.on_demand)]
        return {
            service["serviceName"]: dict(service)
            for part in _batch(names, SERVICES_PER_CALL)
            for service in self.ecs.describe_services(cluster=self.cluster, services=part)["services"]
            if service["status"] == "ACTIVE"
        }

    def read_tasks(self, pool: ControlledPool, services: Mapping[str, Mapping[str, Any]], at: float) -> PoolTasks:
        """The tasks of a pool at `at`. Raises KeyError if one of its services is missing."""
        spot, on_demand = pool.spot.service, pool.on_demand.service
        tasks: dict[str, list[Mapping[str, Any]]] = {f"service:{spot}": [], f"service:{on_demand}": [], LAUNCHED: []}
        for task in self._list_tasks(pool.family):
            tasks.get(task.get("group", ""), tasks[LAUNCHED]).append(task)
        ready = self._find_ready(pool.name, [task for each in tasks.values() for task in each], at)
        return PoolTasks(
            spot=_read_service(services[spot], tasks[f"service:{spot}"], ready, at),
            on_demand=_read_service(services[on_demand], tasks[f"service:{on_demand}"], ready, at),
            launched=sum(task["taskArn"] in ready for task in tasks[LAUNCHED]),
            launch_ages_s=tuple(_age_s(task, at) for task in tasks[LAUNCHED]),
            spot_instances=self._count_instances(tasks[f"service:{spot}"]),
        )

    def set_counts(self, changes: tuple[Change, ...]) -> None:
        """Set desired counts. The parameter comes first: a count that a deployment restores is never older than the
        service's.
        """
        pools = {pool.name: pool for pool in self.pools}

        def set_count(change: Change) -> None:
            pool = pools[change.pool]
            service = pool.spot if change.capacity == SPOT else pool.on_demand
            self.ssm.put_parameter(Name=service.parameter, Value=str(change.after), Overwrite=True)
            self.ecs.update_service(cluster=self.cluster, service=service.service, desiredCount=change.after)

        with ThreadPoolExecutor(CHANGES_AT_ONCE) as threads:
            for _ in threads.map(set_count, changes):
                pass

    def _list_tasks(self, family: str) -> Iterator[Mapping[str, Any]]:
        for page in self.ecs.get_paginator("list_tasks").paginate(cluster=self.cluster, family=family):
            if page["taskArns"]:
                yield from self.ecs.describe_tasks(cluster=self.cluster, tasks=page["taskArns"])["tasks"]

    def _find_ready(self, pool: str, tasks: Iterable[Mapping[str, Any]], at: float) -> set[str]:
        """The running tasks that take work, by their ARNs. The others still load their models."""
        running = {task["taskArn"]: task for task in tasks if task["lastStatus"] == RUNNING}
        known = self._ready.get(pool, set()) & running.keys()
        known |= {arn for arn, task in running.items() if at - task["startedAt"].timestamp() > LOADS_WITHIN_S}
        known |= self.ready.find(sorted(running.keys() - known))
        self._ready[pool] = known
        return known

    def _count_instances(self, tasks: Iterable[Mapping[str, Any]]) -> dict[str, int]:
        placed = [task for task in tasks if "containerInstanceArn" in task and "availabilityZone" in task]
        unknown = sorted({task["containerInstanceArn"] for task in placed} - self._types.keys())
        for part in _batch(unknown, TASKS_PER_CALL):
            described = self.ecs.describe_container_instances(cluster=self.cluster, containerInstances=part)
            for instance in described["containerInstances"]:
                attributes = {each["name"]: each.get("value", "") for each in instance.get("attributes", ())}
                self._types[instance["containerInstanceArn"]] = attributes.get("ecs.instance-type", "")
        return Counter(
            f"{task['availabilityZone']}#{kind.partition('.')[0]}"
            for task in placed
            if (kind := self._types.get(task["containerInstanceArn"]))
        )


def _read_service(
    service: Mapping[str, Any], tasks: Iterable[Mapping[str, Any]], ready: Collection[str], at: float
) -> ServiceReading:
    running, loading, ages = 0, 0, []
    for task in tasks:
        if task["taskArn"] in ready:
            running += 1
        elif task["lastStatus"] in (*STARTING, RUNNING):
            loading += task["lastStatus"] == RUNNING
            ages.append(_age_s(task, at))
    return ServiceReading(
        desired=service["desiredCount"],
        running=running,
        start_ages_s=tuple(ages),
        # A task that must stop is not in the list, and its service counts it until it has stopped.
        draining=max(0, service["runningCount"] - running - loading),
    )


def _age_s(task: Mapping[str, Any], at: float) -> float:
    """The time since a task was requested."""
    return float(max(0.0, at - task["createdAt"].timestamp()))


def _batch(names: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
