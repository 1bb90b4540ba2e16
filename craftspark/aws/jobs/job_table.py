"""Jobs in the jobs table, and the credits that they reserve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from craftspark.accounts.reservations import resolve
from craftspark.aws import clients, items
from craftspark.aws.accounts.ledger import change_writes
from craftspark.aws.items import number, text
from craftspark.aws.styles.releases import tally_of
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.clock import utc_now
from craftspark.errors import JobChanged, JobNotFound
from craftspark.jobs.job import Job, JobRecord
from craftspark.jobs.settlement import Settlement, Verdict
from craftspark.settings.rendering import SettleSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# "state" is a reserved word in DynamoDB, so expressions use the alias #state.
UNFINISHED = "attribute_exists(unfinished)"


@dataclass(frozen=True, kw_only=True)
class JobTable:
    """Reads jobs, and ends a job in one transaction with the maker's account."""

    client: DynamoDBClient
    jobs_table: str
    accounts_table: str
    styles_table: str

    def read(self, job_id: str) -> JobRecord:
        """See craftspark.jobs.settlement.JobRecords."""
        return read_record(self.client, self.jobs_table, job_id)

    def read_any(self, job_id: str) -> JobRecord:
        """See craftspark.jobs.settlement.JobRecords."""
        return read_record(self.client, self.jobs_table, job_id, only_live=False)

    def end(self, record: JobRecord, verdict: Verdict) -> Job:
        """Make the job final, resolve its reservation and count it in the trial of its style, if there is one.

        Raises JobChanged if the record is out of date.
        """
        ended = replace(
            record.job,
            state=verdict.state,
            delivered=verdict.delivered,
            uncharged=verdict.uncharged,
            thumbnails=verdict.thumbnails,
            near_identical=verdict.near_identical,
            failures=verdict.failures,
            finished_at=verdict.finished_at,
        )
        update = {
            "TableName": self.jobs_table,
            "Key": items.job_key(ended.job_id),
            "UpdateExpression": "SET #state = :state, delivered = :delivered, uncharged = :uncharged,"
            " thumbnails = :thumbnails, near_identical = :near_identical, failures = :failures,"
            " finished_at = :finished_at REMOVE unfinished, backlog",
            # Without this condition, an image stored since the record was read would be delivered without a charge.
            "ConditionExpression": f"{UNFINISHED} AND images_stored = :stored",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":state": text(ended.state),
                ":delivered": number(ended.delivered),
                ":uncharged": number(ended.uncharged),
                ":thumbnails": {"L": [number(index) for index in ended.thumbnails]},
                ":near_identical": items.near_identical_value(ended.near_identical),
                ":failures": items.failures_value(ended.failures),
                ":finished_at": text(items.timestamp(verdict.finished_at)),
                ":stored": number(len(record.images)),
            },
        }
        tally = tally_of(self.styles_table, ended, record)
        likely, other = resolve(ended, verdict.finished_at)
        for resolution in (likely, other):
            try:
                transact(self.client, [{"Update": update}, *change_writes(self.accounts_table, resolution), *tally])
            except ConditionsFailed as failed:
                if failed.items[0] is not None:
                    raise JobChanged(f"job {ended.job_id} changed") from None
                if not failed.items[1] or resolution is other:
                    raise  # our code never does this
            else:
                break
        return ended

    def overdue(self, now: datetime) -> Iterator[str]:
        """The ids of the unfinished jobs whose deadline has passed."""
        shards = [str(shard) for shard in range(items.UNFINISHED_SHARDS)]
        for shard in (*shards, *(f"{items.UNSTARTED}{shard}" for shard in shards)):
            yield from list_unfinished(self.client, self.jobs_table, shard, datetime.fromtimestamp(0, UTC), now)


def list_unfinished(client: DynamoDBClient, table: str, shard: str, since: datetime, until: datetime) -> Iterator[str]:
    """The ids of a shard's unfinished jobs with a deadline between `since` and `until`, sorted by deadline."""
    for page in client.get_paginator("query").paginate(
        TableName=table,
        IndexName="unfinished",
        KeyConditionExpression="unfinished = :shard AND deadline BETWEEN :since AND :until",
        ExpressionAttributeValues={
            ":shard": text(shard),
            ":since": items.epoch(since),
            ":until": number(int(until.timestamp()) - 1),
        },
    ):
        yield from (item["job_id"]["S"] for item in page["Items"])


def settlement(settings: SettleSettings) -> Settlement:
    """Settlement with the tables in the settings."""
    tables = {"jobs_table": settings.jobs_table, "accounts_table": settings.accounts_table}
    return Settlement(records=JobTable(client=clients.dynamodb(), styles_table=settings.styles_table, **tables))


def read_record(client: DynamoDBClient, table: str, job_id: str, *, only_live: bool = True) -> JobRecord:
    """The job's complete partition, read consistently. Raises JobNotFound, also for an expired or deleted job."""
    response = client.query(
        TableName=table,
        KeyConditionExpression="job_id = :job_id",
        ExpressionAttributeValues={":job_id": text(job_id)},
        ConsistentRead=True,
    )
    found, now = response["Items"], utc_now()
    record = items.read_record(item for item in found if not only_live or items.live(item, now))
    if record is None:
        raise JobNotFound(f"you have no job {job_id}", field="job_id")
    return record
