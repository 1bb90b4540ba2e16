"""Tables of the running cloud: emulator, stacks, services, worker processes and queues."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from rich.table import Table

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.quotas import IN_FLIGHT, QUOTAS, USE_PATH
from local_cloud.reports.alarm_tables import list_ringing

QUEUE_COUNTS = {
    "waiting": "ApproximateNumberOfMessages",
    "in flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


def status_tables(cloud: LocalCloud) -> Iterator[Table]:
    """Reads the data of each table when the caller requests it, so the first one appears immediately."""
    yield _table("Emulator", ("endpoint", "process", "uptime", "API"), [_emulator(cloud)])
    yield _table("Stacks", ("stack", "status", "resources"), _stacks(cloud))
    yield _table("Services", ("service", "desired", "running", "pending"), _services(cloud))
    yield _table("GPU task processes", ("process", "purpose", "image", "uptime", "log"), _workers(cloud))
    yield _table("Queues", ("queue", *QUEUE_COUNTS), _queues(cloud))
    yield list_ringing(cloud)
    columns = ("quota", "limit", "peak", "share", "used", "per execution")
    yield _table("Quotas of an AWS account, and what this run used", columns, _quotas(cloud))


def _table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    return table


def _emulator(cloud: LocalCloud) -> tuple[object, ...]:
    return cloud.endpoint, cloud.record.pid, _uptime(cloud.record.started), cloud.api_url


def _stacks(cloud: LocalCloud) -> Iterator[tuple[object, ...]]:
    cloudformation = cloud.client("cloudformation")
    for stack in cloudformation.describe_stacks()["Stacks"]:
        resources = cloudformation.describe_stack_resources(StackName=stack["StackName"])["StackResources"]
        yield stack["StackName"], stack["StackStatus"], len(resources)


def _services(cloud: LocalCloud) -> Iterator[tuple[object, ...]]:
    ecs, cluster = cloud.client("ecs"), cloud.outputs["ClusterName"]
    if arns := ecs.list_services(cluster=cluster)["serviceArns"]:
        for service in ecs.describe_services(cluster=cluster, services=arns)["services"]:
            yield service["serviceName"], service["desiredCount"], service["runningCount"], service["pendingCount"]


def _workers(cloud: LocalCloud) -> Iterator[tuple[object, ...]]:
    for worker in cloud.workers():
        purpose = worker.group.removeprefix("service:") or "launched for a batch"
        yield worker.pid, purpose, worker.image, _uptime(worker.started), worker.log


def _queues(cloud: LocalCloud) -> Iterator[tuple[object, ...]]:
    sqs = cloud.client("sqs")
    urls = sorted(sqs.list_queues().get("QueueUrls", []))

    def read_counts(url: str) -> dict[str, Any]:
        response = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(QUEUE_COUNTS.values()))
        return dict(response["Attributes"])

    with ThreadPoolExecutor(4) as pool:
        for url, counts in zip(urls, pool.map(read_counts, urls), strict=True):
            yield url.rsplit("/", 1)[-1], *(counts.get(attribute, "0") for attribute in QUEUE_COUNTS.values())


def _quotas(cloud: LocalCloud) -> Iterator[tuple[object, ...]]:
    """A rate has its busiest second, a level the most at the same time, of which `used` is the sum of the seconds.

    What the local cloud does not see is left out.
    """
    use = httpx.get(f"{cloud.endpoint}{USE_PATH}", timeout=60).raise_for_status().json()
    executions = use["Step Functions: StartExecution"]["used"]
    in_flight = max((int(str(counts[1])) for _, *counts in _queues(cloud)), default=0)
    for quota in QUOTAS:
        if not quota.calls and quota.name != IN_FLIGHT:
            continue
        used, peak = use[quota.name]["used"], in_flight if quota.name == IN_FLIGHT else use[quota.name]["peak"]
        limit = f"{quota.limit:,}" + (" per s" if quota.kind == "rate" else "")
        per_execution = f"{used / executions:.2f}" if executions else "-"
        yield quota.name, limit, f"{peak:,.0f}", f"{peak / quota.limit:.1%}", f"{used:,.1f}", per_execution


def _uptime(started: float) -> str:
    minutes, seconds = divmod(int(time.time() - started), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
