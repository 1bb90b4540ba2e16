"""Tables of the fleet: each pool's supply, demand and last decision, its refusals, and its GPU tasks."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from craftspark.aws.fleet.record import DECISION
from craftspark.aws.items import job_key
from craftspark.aws.jobs.speed import FLEET, SUPPLY, partition
from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.supply import PoolSupply
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.gpu_tasks import GpuTask, name_capacity, read_tasks
from local_cloud.reports.refusals import RECENT, find_refusals

STATES = ("running", "starting", "draining")
DECIDED = ("pool", "decided", "spot", "on demand", "reason", "more obtainable", "cold start")
TASK = ("task", "pool", "capacity", "state", "protected", "instance", "zone", "type", "process")
REFUSED = ("pool", "plan", "submissions", "last wait", "last wait in bulk")
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


def fleet_tables(cloud: LocalCloud) -> Iterator[Table]:
    """Reads the data of each table when the caller requests it."""
    tasks = read_tasks(cloud)
    yield _table("Supply", ("pool", "capacity", "desired", *STATES), _supply(cloud, tasks))
    yield _table("Demand", ("pool", "queue", "waiting batches", "with workers"), _demand(cloud))
    yield _table("Last decisions", DECIDED, _decisions(cloud))
    yield _table(f"Refused in the last {RECENT.seconds // 60} minutes", REFUSED, _refusals(cloud))
    yield _table("GPU tasks", TASK, _tasks(cloud, tasks))


def pools_of(cloud: LocalCloud) -> list[str]:
    """The names of the pools, from their services."""
    return sorted({pool for pool, _ in desired_counts(cloud)})


def read_record(cloud: LocalCloud, pool: str) -> tuple[PoolSupply, PoolDecision] | None:
    """The controller's last record of a pool: its supply, and the decision. None before the first one."""
    answer = cloud.client("dynamodb").get_item(
        TableName=cloud.outputs["JobsTableName"], Key=job_key(partition(pool), FLEET), ConsistentRead=True
    )
    item = answer.get("Item", {})
    if SUPPLY not in item or DECISION not in item:
        return None
    return PoolSupply.parse(item[SUPPLY]["S"]), PoolDecision.parse(item[DECISION]["S"])


def desired_counts(cloud: LocalCloud) -> dict[tuple[str, str], int]:
    """The desired tasks of each pool and capacity type."""
    ecs, cluster = cloud.client("ecs"), cloud.outputs["ClusterName"]
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    counts: Counter[tuple[str, str]] = Counter()
    for service in ecs.describe_services(cluster=cluster, services=arns)["services"] if arns else []:
        pool = service["taskDefinition"].rpartition("/")[2].partition(":")[0].rpartition("-")[2].lower()
        provider = service["capacityProviderStrategy"][0]["capacityProvider"]
        counts[pool, name_capacity(provider)] += service["desiredCount"]
    return dict(counts)


def _supply(cloud: LocalCloud, tasks: Sequence[GpuTask]) -> Iterator[tuple[object, ...]]:
    desired = desired_counts(cloud)
    states = Counter((task.pool, task.capacity, task.state) for task in tasks)
    for pool, capacity in sorted(desired.keys() | {(task.pool, task.capacity) for task in tasks}):
        counts = (states[pool, capacity, state] for state in STATES)
        yield pool, capacity, desired.get((pool, capacity), 0), *counts


def _demand(cloud: LocalCloud) -> Iterator[tuple[object, ...]]:
    sqs = cloud.client("sqs")
    for pool in pools_of(cloud):
        prefix, suffix = f"Gpu{pool.capitalize()}", "QueueUrl"
        for name, url in sorted(cloud.outputs.items()):
            if name.startswith(prefix) and name.endswith(suffix) and "DeadLetter" not in name:
                answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))["Attributes"]
                lane = name.removeprefix(prefix).removesuffix(suffix).lower()
                yield pool, lane or "all lanes", *(answer[count] for count in COUNTS)


def _decisions(cloud: LocalCloud) -> Iterator[tuple[object, ...]]:
    for pool in pools_of(cloud):
        record = read_record(cloud, pool)
        if record is None:
            yield pool, "none yet", *("" for _ in DECIDED[2:])
            continue
        supply, decision = record
        age = f"{time.time() - supply.at:.0f} s ago"
        limit = f"{supply.obtainable} ({supply.reason})"
        yield pool, age, decision.spot, decision.on_demand, decision.reason, limit, f"{supply.cold_start_s:.0f} s"


def _refusals(cloud: LocalCloud) -> Iterator[tuple[object, ...]]:
    for each in find_refusals(cloud.state.logs, datetime.now(UTC)):
        waits = ("none" if wait_s is None else f"{wait_s} s" for wait_s in (each.wait_s, each.bulk_wait_s))
        yield each.pool, each.plan, each.submissions, *waits


def _tasks(cloud: LocalCloud, tasks: Sequence[GpuTask]) -> Iterator[tuple[object, ...]]:
    processes = {worker.task: worker.pid for worker in cloud.workers()}
    for task in tasks:
        capacity = task.capacity if task.service else f"{task.capacity}, launched"
        protected = "yes" if task.protected else ""
        place = (task.instance, task.zone, task.kind)
        yield task.task[:8], task.pool, capacity, task.state, protected, *place, processes.get(task.task, "")


def _table(title: str, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    return table
