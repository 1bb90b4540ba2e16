"""Jobs without a known execution: the shards of the index `unfinished` with the prefix `unstarted#`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from craftspark.aws import items
from craftspark.aws.items import text
from craftspark.aws.jobs.job_table import list_unfinished, read_record
from craftspark.aws.orchestration.executions import refuse_transient
from craftspark.jobs.job import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class UnstartedJobs:
    """A job is listed from its submission until it is marked as started."""

    client: DynamoDBClient
    jobs_table: str

    def ids(self, shard: int, since: datetime, until: datetime) -> Iterator[str]:
        """The jobs of a shard with a deadline between `since` and `until`, sorted by deadline."""
        return list_unfinished(self.client, self.jobs_table, f"{items.UNSTARTED}{shard}", since, until)

    def read(self, job_id: str) -> Job:
        """The job as of now. Raises JobNotFound."""
        return read_record(self.client, self.jobs_table, job_id).job

    def mark_started(self, job_id: str) -> bool:
        """Mark the job as started. Returns False if it was marked before, has ended or is gone. Raises StartRefused."""
        with refuse_transient(), suppress(self.client.exceptions.ConditionalCheckFailedException):
            self.client.update_item(
                TableName=self.jobs_table,
                Key=items.job_key(job_id),
                UpdateExpression="SET unfinished = :started",
                ConditionExpression="unfinished = :unstarted",
                ExpressionAttributeValues={
                    ":started": text(items.unfinished_shard(job_id)),
                    ":unstarted": text(items.unstarted_shard(job_id)),
                },
            )
            return True
        return False
