"""Notices of spot instances, counted in the jobs table by pool, zone and family of instances."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.aws.items import job_key, number, text
from craftspark.aws.jobs.speed import partition
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.fleet.interruptions.notices import FleetInstance, InstanceNotice, NoticeKind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MARKET = "market"
# The totals of each kind of notice. They only grow.
TOTALS = {NoticeKind.INTERRUPTION: "notices", NoticeKind.REBALANCE: "recommendations"}
# EventBridge repeats an event for up to 24 hours.
REMEMBERED_S = 2 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class MarketTable:
    """The item `market#<zone>#<family>` of a pool's partition has the totals of its notices.

    An item with the event's ID is written in the same transaction, so each event counts once.
    """

    client: DynamoDBClient
    jobs_table: str
    now: Callable[[], float] = time.time

    def count(self, instance: FleetInstance, notice: InstanceNotice) -> bool:
        """Count a notice. Returns False if it was counted before. Raises Contended."""
        moment = int(self.now())
        once = {
            **job_key(f"notice:{notice.event_id}", MARKET),
            "instance": text(notice.instance_id),
            "expires_at": number(moment + REMEMBERED_S),
        }
        total = {
            "TableName": self.jobs_table,
            "Key": job_key(partition(instance.pool), f"{MARKET}#{instance.zone}#{instance.family}"),
            "UpdateExpression": "ADD #total :one SET noticed_at = :now",
            "ExpressionAttributeNames": {"#total": TOTALS[notice.kind]},
            "ExpressionAttributeValues": {":one": number(1), ":now": number(moment)},
        }
        put = {"TableName": self.jobs_table, "Item": once, "ConditionExpression": "attribute_not_exists(job_id)"}
        try:
            transact(self.client, [{"Put": put}, {"Update": total}])
        except ConditionsFailed:
            return False
        return True
