"""The unfinished work of a pool, from a sample of the index `backlog`, and what workers and notices report.

The index is sorted by ids, which are hashes, so the first entries of each shard are a random sample. All shards are
read, because each of them costs the same however much work waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from craftspark.aws.fleet.arrivals import LANES, sum_arrivals
from craftspark.aws.fleet.markets import FAILED, MARKET, TOTALS
from craftspark.aws.items import BACKLOG_SHARDS, text
from craftspark.aws.jobs.backlog import sample_shard, waiting_job
from craftspark.aws.jobs.speed import partition, speed_of
from craftspark.fleet.controller.readings import Counters
from craftspark.fleet.interruptions.notices import NoticeKind
from craftspark.fleet.observations import LATE_S, LaneWork
from craftspark.jobs.backlog import Speed, WaitingJob, geometric_mean

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class SampledJob(NamedTuple):
    """An unfinished job, and how long ago it was submitted, in seconds."""

    job: WaitingJob
    age_s: float


@dataclass(frozen=True, kw_only=True)
class PoolWork:
    """The unfinished jobs of a pool, or a random sample of them. `share` is the size of the sample, 0 to 1."""

    jobs: tuple[SampledJob, ...]
    share: float
    speed: Speed
    counters: Counters

    @property
    def pace(self) -> float:
        """The factor between the workers' time and the profile's, over all tools."""
        return geometric_mean(self.speed.paces.values()) if self.speed.paces else 1.0

    def measure_lanes(self, running: int, images_per_batch: int) -> dict[str, LaneWork]:
        """The work of each lane, while `running` tasks take up to `images_per_batch` images of a job at a time.

        A job is `running` from its first batch on, though other batches of it may wait. Not more batches than tasks can
        be in progress, and the interactive lane is first.
        """
        lanes, free = {}, float(running)
        for lane in LANES:
            jobs = [each for each in self.jobs if each.job.lane == lane]
            begun = [each for each in jobs if each.job.running]
            batches = sum(ceil(_images_left(each.job) / images_per_batch) for each in begun) / self.share
            taken = min(batches, free)
            free -= taken
            lanes[lane] = self._measure_lane(jobs, in_progress=taken / batches if batches else 0.0)
        return lanes

    def _measure_lane(self, jobs: list[SampledJob], in_progress: float) -> LaneWork:
        """`in_progress` is the share of the work of running jobs that tasks have taken."""
        waiting_s = late_s = in_progress_s = oldest_s = 0.0
        for job, age_s in jobs:
            left_s = job.work_s * _images_left(job) / job.images * self.speed.pace(job.tool) / self.share
            waits_s = left_s * (1 - in_progress) if job.running else left_s
            in_progress_s += left_s - waits_s
            waiting_s += waits_s
            if age_s > LATE_S:
                late_s += waits_s
            if not job.running:
                oldest_s = max(oldest_s, age_s)
        return LaneWork(waiting_s=waiting_s, late_s=late_s, in_progress_s=in_progress_s, oldest_s=oldest_s)


@dataclass(frozen=True, kw_only=True)
class WorkIndex:
    """Reads the work of pools: one query for each shard of the index, and one for the reports of workers."""

    client: DynamoDBClient
    jobs_table: str

    def read(self, pool: str, at: float) -> PoolWork:
        """The work of a pool at `at`, in seconds since the epoch."""
        jobs: list[SampledJob] = []
        shares = 0.0
        for shard in range(BACKLOG_SHARDS):
            items, share = sample_shard(self.client, self.jobs_table, f"{pool}#{shard}")
            jobs += [_read_job(item, at) for item in items]
            shares += share
        reports = self.client.query(
            TableName=self.jobs_table,
            KeyConditionExpression="job_id = :pool",
            ExpressionAttributeValues={":pool": text(partition(pool))},
        )["Items"]
        return PoolWork(
            jobs=tuple(jobs),
            share=shares / BACKLOG_SHARDS,
            speed=speed_of(reports, at),
            counters=read_counters(reports),
        )


def read_counters(items: list[dict[str, Any]]) -> Counters:
    """The totals of a pool, from the items of its partition."""
    markets = {
        item["item"]["S"].partition("#")[2]: item for item in items if item["item"]["S"].partition("#")[0] == MARKET
    }
    return Counters(
        work_s=sum_arrivals(items),
        notices=_read_totals(markets, TOTALS[NoticeKind.INTERRUPTION]),
        failed=_read_totals(markets, FAILED),
    )


def _read_totals(markets: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, float]:
    return {market: float(item[name]["N"]) for market, item in markets.items() if name in item}


def _read_job(item: Mapping[str, Any], at: float) -> SampledJob:
    created_at = datetime.fromisoformat(item["created_at"]["S"])
    return SampledJob(waiting_job(item), max(0.0, at - created_at.timestamp()))


def _images_left(job: WaitingJob) -> int:
    return max(0, job.images - job.stored)
