"""Tables of the running cloud: emulator, stacks, services, worker processes and queues."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rich.table import Table

from local_cloud.launcher.cloud import LocalCloud

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


def _uptime(started: float) -> str:
    minutes, seconds = divmod(int(time.time() - started), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
