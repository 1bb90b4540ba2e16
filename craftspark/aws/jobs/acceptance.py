"""Acceptance of a job: the job and its reservation, written in one transaction."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from craftspark.accounts.credits import Account, minute_of, month_of, plan_error, reservation_error
from craftspark.accounts.plans import Plan, find_plan
from craftspark.aws import items
from craftspark.aws.accounts import ledger
from craftspark.aws.accounts.accounts import TRIES, Accounts
from craftspark.aws.accounts.ledger import read_account
from craftspark.aws.idempotency import binding
from craftspark.aws.jobs.job_table import read_record
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.clock import utc_now
from craftspark.errors import AccountContended, AccountMissing, Contended, JobNotFound
from craftspark.jobs.idempotency import Effect, key_reused
from craftspark.jobs.job import Job
from craftspark.jobs.submissions import JobExists

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


PLANS_REMEMBERED = 20_000


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Writes a job and its reservation in one transaction.

    It caches the plans of makers. A submission is written under the condition of the cached plan. It is written again
    if the account has another plan, is in an earlier month, or starts a new minute.
    """

    client: DynamoDBClient
    jobs_table: str
    accounts: Accounts
    plans: dict[str, str] = field(default_factory=dict)

    def accept(self, job: Job, effect: Effect | None = None) -> None:
        for _ in range(TRIES):
            plan = find_plan(self.plans.get(job.maker, self.accounts.plan.name))
            if too_much := plan_error(plan, job):
                if self._remember(self.accounts.find(job.maker), job.maker) == plan.name:
                    raise too_much
                continue
            try:
                self._write(job, plan, effect)
            except ConditionsFailed as failed:
                self._prepare(job, plan, failed.items)
            except Contended as contended:
                raise AccountContended(
                    "too many of your requests arrived at the same time; send this request again"
                ) from contended
            else:
                return
        raise AccountContended("another request changed your account at the same time; send this request again")

    def check_new(self, job_id: str) -> None:
        """Raise JobExists if the job exists. The conditions of its acceptance may have changed since then."""
        with suppress(JobNotFound):
            raise JobExists(read_record(self.client, self.jobs_table, job_id).job)

    def open_account(self, maker: str) -> None:
        self.accounts.open(maker)

    def _write(self, job: Job, plan: Plan, effect: Effect | None) -> None:
        put = {
            "TableName": self.jobs_table,
            "Item": items.job_item(job),
            "ConditionExpression": "attribute_not_exists(job_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        now, table = self.accounts.now(), self.accounts.table
        bound = binding(table, effect, now) if effect else []
        transact(self.client, [{"Put": put}, *ledger.reservation(table, job, plan, now), *bound])

    def _prepare(self, job: Job, plan: Plan, old: Any) -> None:
        """Update the account so that the job can be written, or raise the error that prevents it."""
        existing, item, entry, *bound = old
        if existing and items.live(existing, utc_now()):
            raise JobExists(items.read_job(existing))
        if existing or entry is not None:
            raise key_reused("this Idempotency-Key was used for a job that has expired or was deleted")
        if any(each is not None for each in bound):
            raise key_reused()
        if not item:
            raise AccountMissing(f"{job.maker} has no account")
        account = read_account(item)
        if self._remember(account, job.maker) != plan.name:
            return
        if account.month < month_of(job.created_at):
            self.accounts.start_month(account)
        elif error := reservation_error(account, job, plan):
            raise error
        elif account.minute < minute_of(job.created_at):
            self.accounts.start_minute(account, minute_of(job.created_at))

    def _remember(self, account: Account | None, maker: str) -> str:
        """Cache the account's plan for the next submission, and return it."""
        if account is None:
            raise AccountMissing(f"{maker} has no account")
        if len(self.plans) >= PLANS_REMEMBERED:
            self.plans.clear()
        self.plans[maker] = account.plan
        return account.plan
