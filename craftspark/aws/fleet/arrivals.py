"""The work that arrives in a pool, as counters that only grow.

A counter needs no expiry, and work that is counted late is not lost, because the controller compares two totals. Each
invocation of `start_render` adds to one shard, so that no item takes more than some writes per second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import randrange
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import job_key, number
from craftspark.aws.jobs.speed import partition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ARRIVED = "arrived"
SHARDS = 4
LANES = ("interactive", "bulk")


@dataclass(frozen=True, kw_only=True)
class ArrivalCounters:
    """The counters of all pools."""

    client: DynamoDBClient
    jobs_table: str

    def add(self, pool: str, work_s: Mapping[str, float]) -> None:
        """Add work by lane, in seconds by the profile."""
        shard = randrange(SHARDS)  # noqa: S311 - spreads the writes
        self.client.update_item(
            TableName=self.jobs_table,
            Key=job_key(partition(pool), f"{ARRIVED}#{shard}"),
            UpdateExpression="ADD interactive_s :interactive, bulk_s :bulk",
            ExpressionAttributeValues={f":{lane}": number(round(work_s.get(lane, 0.0), 3)) for lane in LANES},
        )


def sum_arrivals(items: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The total work by lane, from the items of a pool's partition."""
    counters = [item for item in items if item["item"]["S"].partition("#")[0] == ARRIVED]
    return {lane: sum(float(item[f"{lane}_s"]["N"]) for item in counters) for lane in LANES}
