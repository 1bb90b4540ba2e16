"""The backlog, read from the index of unfinished jobs.

The index is sorted by job ids, which are hashes. So the first entries of a shard are a random sample of it, and the
range of ids that they cover gives the size of the shard. A small backlog is read completely; a large one is sampled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import randrange
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import BACKLOG_SHARDS, text
from craftspark.aws.jobs.speed import read_pool
from craftspark.jobs.backlog import Backlog, WaitingJob
from craftspark.jobs.job import JobState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A sample of this size has a relative error of about 8 %.
SAMPLE = 256
# The number of characters of an id that give its position among all ids.
PRECISE = 10
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"  # the characters of ids, in sort order


@dataclass(kw_only=True)
class BacklogIndex:
    """Reads the backlog of a pool, unless the last reading is recent enough."""

    client: DynamoDBClient
    jobs_table: str
    pool: str
    clock: Callable[[], float] = time.monotonic
    _last: tuple[float, Backlog] | None = field(default=None, init=False)

    def read(self, *, max_age_s: float) -> tuple[Backlog, float]:
        now = self.clock()
        if self._last is None or now - self._last[0] > max_age_s:
            self._last = now, self._backlog()
        return self._last[1], now - self._last[0]

    def _backlog(self) -> Backlog:
        jobs: list[WaitingJob] = []
        shards = 0.0
        first = randrange(BACKLOG_SHARDS)  # noqa: S311 - spreads the reads over the shards
        for shard in (*range(first, BACKLOG_SHARDS), *range(first)):
            found, share = sample_shard(self.client, self.jobs_table, f"{self.pool}#{shard}")
            jobs += map(waiting_job, found)
            shards += share
            if len(jobs) >= SAMPLE:
                break
        speed, outlook = read_pool(self.client, self.jobs_table, self.pool, time.time())
        return Backlog(jobs=jobs, share=shards / BACKLOG_SHARDS, speed=speed, outlook=outlook)


def sample_shard(client: DynamoDBClient, jobs_table: str, shard: str) -> tuple[list[dict[str, Any]], float]:
    """The first entries of a shard of the index, up to SAMPLE, and the share of the shard that they are."""
    response = client.query(
        TableName=jobs_table,
        IndexName="backlog",
        KeyConditionExpression="backlog = :shard",
        ExpressionAttributeValues={":shard": text(shard)},
        Limit=SAMPLE,
    )
    if "LastEvaluatedKey" not in response:
        return response["Items"], 1.0
    return response["Items"], place_of(response["LastEvaluatedKey"]["job_id"]["S"])


def waiting_job(item: Mapping[str, Any]) -> WaitingJob:
    return WaitingJob(
        lane=item["lane"]["S"],
        tool=item["tool"]["S"],
        kind=item["kind"]["S"],
        running=item["state"]["S"] == JobState.RUNNING,
        images=int(item["images"]["N"]),
        stored=int(item["images_stored"]["N"]),
        work_s=float(item["work_s"]["N"]),
        shared_s=float(item["shared_s"]["N"]),
    )


def place_of(job_id: str) -> float:
    """The position of an id among all possible ids, above 0, up to 1."""
    number = 0
    for letter in job_id[:PRECISE]:
        number = number * len(LETTERS) + LETTERS.index(letter)
    return float((number + 1) / len(LETTERS) ** PRECISE)
