"""New jobs in the jobs table, each in one transaction with the maker's account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.accounts.changes import AccountChanged, Change
from craftspark.aws import items
from craftspark.aws.accounts.ledger import change_writes, read_account
from craftspark.aws.idempotency import bind_key
from craftspark.aws.jobs.job_table import read_record
from craftspark.aws.transactions import ConditionsFailed, transact_for_maker
from craftspark.clock import utc_now
from craftspark.errors import AccountMissing
from craftspark.jobs.idempotency import Effect, key_reused
from craftspark.jobs.job import Job
from craftspark.jobs.submissions import JobExists

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class AcceptanceTable:
    """See craftspark.accounts.acceptance.AcceptanceRecords."""

    client: DynamoDBClient
    jobs_table: str
    accounts_table: str

    def add(self, job: Job, reservation: Change, effect: Effect | None, now: datetime) -> None:
        put = {
            "TableName": self.jobs_table,
            "Item": items.job_item(job),
            "ConditionExpression": "attribute_not_exists(job_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        reserve = change_writes(self.accounts_table, reservation)
        bind = bind_key(self.accounts_table, effect, now) if effect else []
        try:
            contended = "too many of your requests arrived at the same time; send this request again"
            transact_for_maker(self.client, [{"Put": put}, *reserve, *bind], contended)
        except ConditionsFailed as failed:
            raise _error(job, failed.items) from None

    def read(self, job_id: str) -> Job:
        return read_record(self.client, self.jobs_table, job_id).job


def _error(job: Job, failed: Sequence[dict[str, Any] | None]) -> Exception:
    """The error for the failed conditions of a job, its account, its ledger entry and its key."""
    existing, account, entry, *keys = failed
    if existing and items.live(existing, utc_now()):
        return JobExists(items.read_job(existing))
    if existing or entry is not None:
        return key_reused("this Idempotency-Key was used for a job that has expired or was deleted")
    if any(key is not None for key in keys):
        return key_reused()
    if not account:
        return AccountMissing(f"{job.maker} has no account")
    return AccountChanged(read_account(account))
