"""Recent measurements of workers, in a fixed number of items of the jobs table.

A worker overwrites the item that its name hashes to. So a pool of any size is represented by PLACES workers, which one
query reads, and no item is written by many workers at the same time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import job_key, number, text
from craftspark.contracts import ContractBroken
from craftspark.fleet.admission import Outlook
from craftspark.fleet.supply import PoolSupply
from craftspark.jobs.backlog import Speed, geometric_mean

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PLACES = 16
WARM, LAUNCHED = "warm", "launched"
# The controller's record in the same partition, and its attribute with the pool's supply as JSON.
FLEET, SUPPLY = "fleet", "supply"
# A worker writes at least once per REPORT_S. A worker without a report for AWAKE_S counts as gone.
REPORT_S = 60
AWAKE_S = 150
# Older measurements say nothing about the present machines.
MAX_AGE_S = 1800


@dataclass(frozen=True, kw_only=True)
class SpeedTable:
    """The item that one worker of a pool writes. `launched`: the task was launched for one batch."""

    client: DynamoDBClient
    jobs_table: str
    pool: str
    worker: str
    launched: bool

    def write(self, paces: Mapping[str, float], launch_s: float | None, now: float, *, awake: bool = True) -> None:
        """Report the worker's pace by tool, how long its batch waited for the launch, and whether it is awake: it takes
        batches from the pool's queue.
        """
        item = {
            **self._key(),
            "worker": text(self.worker),
            "awake": {"BOOL": awake},
            "paces": text(json.dumps({tool: round(pace, 3) for tool, pace in paces.items()})),
            "seen_at": number(int(now)),
            "expires_at": number(int(now) + MAX_AGE_S),
            **({"launch_s": number(round(launch_s, 1))} if launch_s is not None else {}),
        }
        self.client.put_item(TableName=self.jobs_table, Item=item)

    def withdraw(self) -> None:
        """Report that the worker takes no more batches, unless another worker has replaced its report."""
        with suppress(self.client.exceptions.ConditionalCheckFailedException):
            self.client.update_item(
                TableName=self.jobs_table,
                Key=self._key(),
                UpdateExpression="SET awake = :no",
                ConditionExpression="worker = :worker",
                ExpressionAttributeValues={":no": {"BOOL": False}, ":worker": text(self.worker)},
            )

    def _key(self) -> dict[str, Any]:
        place = sum(self.worker.encode()) % PLACES
        return job_key(partition(self.pool), f"{LAUNCHED if self.launched else WARM}#{place}")


def read_pool(client: DynamoDBClient, table: str, pool: str, now: float) -> tuple[Speed, Outlook | None]:
    """The speed of a pool, and its tasks by the record of the fleet's controller, or None without a current one."""
    response = client.query(
        TableName=table,
        KeyConditionExpression="job_id = :pool",
        ExpressionAttributeValues={":pool": text(partition(pool))},
    )
    return speed_of(response["Items"], now), outlook_of(response["Items"], now)


def outlook_of(items: Collection[Mapping[str, Any]], now: float) -> Outlook | None:
    """The pool's tasks from now on, or None if the record is missing, broken or too old.

    A task that was launched a moment ago is not in the record, but has reported since then.
    """
    for item in items:
        if item["item"]["S"] == FLEET:
            with suppress(ContractBroken, KeyError):
                supply = PoolSupply.parse(item[SUPPLY]["S"])
                seen = sum(map(partial(_is_awake, since=supply.at), items))
                return Outlook.of(supply, now, seen=seen) if supply.is_current(now) else None
    return None


def speed_of(items: Iterable[Mapping[str, Any]], now: float) -> Speed:
    paces: dict[str, list[float]] = defaultdict(list)
    launches: list[float] = []
    awake = 0
    for item in items:
        if not is_report(item):
            continue
        age = now - int(item["seen_at"]["N"])
        if age > MAX_AGE_S:
            continue
        for tool, pace in json.loads(item["paces"]["S"]).items():
            paces[tool].append(pace)
        awake += _is_awake(item, since=now - AWAKE_S)
        if "launch_s" in item:
            launches.append(float(item["launch_s"]["N"]))
    return Speed(
        paces={tool: geometric_mean(measured) for tool, measured in paces.items()},
        awake=awake,
        launch_s=sum(launches) / len(launches) if launches else None,
    )


def is_report(item: Mapping[str, Any]) -> bool:
    """Whether a worker wrote this item of the partition. The fleet's controller and notices write others."""
    return item["item"]["S"].partition("#")[0] in (WARM, LAUNCHED)


def _is_awake(item: Mapping[str, Any], since: float) -> bool:
    """Whether a worker has reported since this time that it takes work."""
    return is_report(item) and item["awake"]["BOOL"] and int(item["seen_at"]["N"]) >= since


def partition(pool: str) -> str:
    """The partition key of a pool. It is never a job id, because ids have no colon."""
    return f"workers:{pool}"
