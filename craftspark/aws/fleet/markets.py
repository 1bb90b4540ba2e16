"""Notices and failed launches of spot instances, counted in the jobs table by pool and spot market."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.aws.items import job_key, number, text
from craftspark.aws.jobs.speed import partition
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.fleet.interruptions.failed_launches import FailedLaunch
from craftspark.fleet.interruptions.notices import FleetInstance, InstanceNotice, NoticeKind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MARKET = "market"
# The totals of each kind of notice. They only grow.
TOTALS = {NoticeKind.INTERRUPTION: "notices", NoticeKind.REBALANCE: "recommendations"}
FAILED = "failed"
# EventBridge repeats an event for up to 24 hours.
REMEMBERED_S = 2 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class MarketTable:
    """The item `market#<zone>#<family>` of a pool's partition has the totals of its notices, and `market#<zone>` that
    of failed launches.

    An item with the event's ID is written in the same transaction, so each event counts once.
    """

    client: DynamoDBClient
    jobs_table: str
    now: Callable[[], float] = time.time

    def count(self, instance: FleetInstance, notice: InstanceNotice) -> bool:
        """Count a notice. Returns False if it was counted before. Raises Contended."""
        market = f"{instance.zone}#{instance.family}"
        return self._count_once(notice.event_id, instance.pool, market, TOTALS[notice.kind], notice.instance_id)

    def count_failure(self, pool: str, launch: FailedLaunch) -> bool:
        """Count a failed launch for a pool. Returns False if it was counted before. Raises Contended."""
        return self._count_once(launch.event_id, pool, launch.zone, FAILED, launch.group)

    def _count_once(self, event_id: str, pool: str, market: str, total_name: str, about: str) -> bool:
        moment = int(self.now())
        once = {
            **job_key(f"notice:{event_id}", MARKET),
            "about": text(about),
            "expires_at": number(moment + REMEMBERED_S),
        }
        total = {
            "TableName": self.jobs_table,
            "Key": job_key(partition(pool), f"{MARKET}#{market}"),
            "UpdateExpression": "ADD #total :one SET noticed_at = :now",
            "ExpressionAttributeNames": {"#total": total_name},
            "ExpressionAttributeValues": {":one": number(1), ":now": number(moment)},
        }
        put = {"TableName": self.jobs_table, "Item": once, "ConditionExpression": "attribute_not_exists(job_id)"}
        try:
            transact(self.client, [{"Put": put}, {"Update": total}])
        except ConditionsFailed:
            return False
        return True
