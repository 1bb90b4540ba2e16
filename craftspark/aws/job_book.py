"""Jobs in the jobs table, together with the credits they reserve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws import accounts, clients, items
from craftspark.aws.items import number, text
from craftspark.aws.releases import tally_of
from craftspark.aws.transactions import ConditionsFailed, Contended, transact
from craftspark.credits import Plan, refusal
from craftspark.errors import AccountContended, IdempotencyKeyReused, JobNotFound
from craftspark.jobs import Job, JobRecord
from craftspark.settings import SettleSettings
from craftspark.settlement import JobChanged, Settlement, Verdict
from craftspark.submissions import AccountMissing, JobExists

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# "state" is a word of DynamoDB's own, hence the #state below.
UNFINISHED = "attribute_exists(unfinished)"


@dataclass(frozen=True, kw_only=True)
class JobBook:
    """Reads jobs, and writes their beginning and end in one transaction with the maker's account."""

    client: DynamoDBClient
    jobs_table: str
    accounts_table: str
    styles_table: str

    def read(self, job_id: str) -> JobRecord:
        """The job with its images and progress, as of now; raises JobNotFound."""
        return read_record(self.client, self.jobs_table, job_id)

    def end(self, record: JobRecord, verdict: Verdict) -> Job:
        """Make the job final, resolve its reservation and count it in its style's trial, where there is one.

        Raises JobChanged where the record is out of date.
        """
        ended = replace(
            record.job,
            state=verdict.state,
            delivered=verdict.delivered,
            failures=verdict.failures,
            finished_at=verdict.finished_at,
        )
        update = {
            "TableName": self.jobs_table,
            "Key": items.job_key(ended.job_id),
            "UpdateExpression": "SET #state = :state, delivered = :delivered, failures = :failures,"
            " finished_at = :finished_at REMOVE unfinished",
            # An image that was stored since the record was read would be delivered and not charged.
            "ConditionExpression": f"{UNFINISHED} AND images_stored = :stored",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":state": text(ended.state),
                ":delivered": number(ended.delivered),
                ":failures": items.failures_value(ended.failures),
                ":finished_at": text(items.timestamp(verdict.finished_at)),
                ":stored": number(len(record.images)),
            },
        }
        resolution = accounts.resolution(self.accounts_table, ended, ended.spent, verdict.finished_at)
        try:
            transact(self.client, [{"Update": update}, *resolution, *tally_of(self.styles_table, ended, record)])
        except ConditionsFailed as failed:
            if failed.items[0] is None:
                raise  # the job is unfinished and its reservation is gone: never by our own doing
            raise JobChanged(f"job {ended.job_id} changed") from None
        return ended

    def overdue(self, now: datetime) -> Iterator[str]:
        """The ids of the unfinished jobs whose deadline has passed."""
        pages = self.client.get_paginator("query")
        for shard in range(items.UNFINISHED_SHARDS):
            for page in pages.paginate(
                TableName=self.jobs_table,
                IndexName="unfinished",
                KeyConditionExpression="unfinished = :shard AND deadline < :now",
                ExpressionAttributeValues={":shard": text(str(shard)), ":now": items.epoch(now)},
            ):
                yield from (item["job_id"]["S"] for item in page["Items"])


def settlement(settings: SettleSettings) -> Settlement:
    """Settlement on the tables that the settings name."""
    tables = {"jobs_table": settings.jobs_table, "accounts_table": settings.accounts_table}
    return Settlement(book=JobBook(client=clients.dynamodb(), styles_table=settings.styles_table, **tables))


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Writes a job and its reservation in one transaction."""

    client: DynamoDBClient
    jobs_table: str
    accounts_table: str
    plan: Plan

    def accept(self, job: Job) -> None:
        put = {
            "TableName": self.jobs_table,
            "Item": items.job_item(job),
            "ConditionExpression": "attribute_not_exists(job_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            transact(self.client, [{"Put": put}, *accounts.reservation(self.accounts_table, job, self.plan)])
        except ConditionsFailed as failed:
            raise self._reason(job, failed.items) from None
        except Contended as contended:
            raise AccountContended("too many requests of yours at the same moment; send this one again") from contended

    def open_account(self, maker: str) -> None:
        accounts.Accounts(client=self.client, table=self.accounts_table, plan=self.plan).open(maker)

    def _reason(self, job: Job, old: Any) -> Exception:
        existing, account, entry = old
        if existing:
            return JobExists(items.read_job(existing))
        if entry is not None:
            return IdempotencyKeyReused(
                "this Idempotency-Key belongs to a job that has expired; use a new key", field="Idempotency-Key"
            )
        if account:
            return refusal(accounts.read_account(account), job, self.plan) or AccountContended(
                "your account changed at the same moment; send this request again"
            )
        return AccountMissing(f"{job.maker} has no account")


@dataclass(frozen=True, kw_only=True)
class JobList:
    """A maker's jobs, newest first."""

    client: DynamoDBClient
    jobs_table: str

    def read(self, job_id: str) -> JobRecord:
        """The job with its images and progress; raises JobNotFound."""
        return read_record(self.client, self.jobs_table, job_id)

    def page(self, maker: str, limit: int, after: str | None) -> tuple[list[Job], str | None]:
        """Up to `limit` jobs created before the one that `after` names, and what names the last of them.

        `after` is `<created_at>#<job_id>`; None where there are no more.
        """
        start: Any = {}
        if after:
            job_id = after.rpartition("#")[2]
            start = {"ExclusiveStartKey": {**items.job_key(job_id), "maker": text(maker), "created": text(after)}}
        answer = self.client.query(
            TableName=self.jobs_table,
            IndexName="by_maker",
            KeyConditionExpression="maker = :maker",
            ExpressionAttributeValues={":maker": text(maker)},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return [items.read_job(item) for item in answer["Items"]], last["created"]["S"] if last else None


def read_record(client: DynamoDBClient, table: str, job_id: str) -> JobRecord:
    """The job's whole partition as of now; raises JobNotFound."""
    answer = client.query(
        TableName=table,
        KeyConditionExpression="job_id = :job_id",
        ExpressionAttributeValues={":job_id": text(job_id)},
        ConsistentRead=True,
    )
    record = items.read_record(answer["Items"])
    if record is None:
        raise JobNotFound(f"you have no job {job_id}", field="job_id")
    return record
