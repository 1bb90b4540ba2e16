"""Jobs in the jobs table, together with the credits they reserve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws import clients, items, ledger
from craftspark.aws.accounts import TRIES, Accounts
from craftspark.aws.items import number, text
from craftspark.aws.ledger import read_account
from craftspark.aws.releases import tally_of
from craftspark.aws.transactions import ConditionsFailed, Contended, transact
from craftspark.credits import Account, exceeds, minute_of, month_of, refusal
from craftspark.errors import AccountContended, AccountMissing, IdempotencyKeyReused, JobNotFound, JobUnfinished
from craftspark.jobs import Job, JobRecord
from craftspark.plans import Plan, find_plan
from craftspark.settings import SettleSettings
from craftspark.settlement import JobChanged, Settlement, Verdict
from craftspark.submissions import JobExists

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PLANS_REMEMBERED = 20_000
READS_MOST = 10  # of the index, for a page of a list

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
        same_month = month_of(ended.created_at) == month_of(verdict.finished_at)
        for guess in (same_month, not same_month):
            resolution = ledger.resolution(
                self.accounts_table, ended, ended.spent, verdict.finished_at, same_month=guess
            )
            try:
                transact(self.client, [{"Update": update}, *resolution, *tally_of(self.styles_table, ended, record)])
            except ConditionsFailed as failed:
                if failed.items[0] is not None:
                    raise JobChanged(f"job {ended.job_id} changed") from None
                if not failed.items[1] or guess is not same_month:
                    raise  # the job is unfinished and its reservation is gone: never by our own doing
            else:
                break
        return ended

    def overdue(self, now: datetime) -> Iterator[str]:
        """The ids of the unfinished jobs whose deadline has passed."""
        return unfinished_before(self.client, self.jobs_table, now)


def unfinished_before(client: DynamoDBClient, table: str, deadline: datetime) -> Iterator[str]:
    """The ids of the unfinished jobs whose deadline is before this one."""
    pages = client.get_paginator("query")
    for shard in range(items.UNFINISHED_SHARDS):
        for page in pages.paginate(
            TableName=table,
            IndexName="unfinished",
            KeyConditionExpression="unfinished = :shard AND deadline < :deadline",
            ExpressionAttributeValues={":shard": text(str(shard)), ":deadline": items.epoch(deadline)},
        ):
            yield from (item["job_id"]["S"] for item in page["Items"])


@dataclass(frozen=True, kw_only=True)
class UnfinishedJobs:
    """Unfinished jobs as they stand."""

    client: DynamoDBClient
    jobs_table: str

    def before(self, deadline: datetime) -> Iterator[Job]:
        """Those whose deadline is before this one."""
        for job_id in unfinished_before(self.client, self.jobs_table, deadline):
            with suppress(JobNotFound):  # it may have expired since the index was written
                yield read_record(self.client, self.jobs_table, job_id).job


def settlement(settings: SettleSettings) -> Settlement:
    """Settlement on the tables that the settings name."""
    tables = {"jobs_table": settings.jobs_table, "accounts_table": settings.accounts_table}
    return Settlement(book=JobBook(client=clients.dynamodb(), styles_table=settings.styles_table, **tables))


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Writes a job and its reservation in one transaction.

    It knows the plans of the makers that it has seen: a submission is written for the plan it remembers, and once
    more where the account has another, is in an earlier month or begins a minute.
    """

    client: DynamoDBClient
    jobs_table: str
    accounts: Accounts
    plans: dict[str, str] = field(default_factory=dict)

    def accept(self, job: Job) -> None:
        for _ in range(TRIES):
            plan = find_plan(self.plans.get(job.maker, self.accounts.plan.name))
            if too_much := exceeds(plan, job):
                self._exists(job)
                if self._remember(self.accounts.find(job.maker), job.maker) == plan.name:
                    raise too_much
                continue
            try:
                self._write(job, plan)
            except ConditionsFailed as failed:
                self._mend(job, plan, failed.items)
            except Contended as contended:
                raise AccountContended(
                    "too many requests of yours at the same moment; send this one again"
                ) from contended
            else:
                return
        raise AccountContended("your account changed at the same moment; send this request again")

    def open_account(self, maker: str) -> None:
        self.accounts.open(maker)

    def _write(self, job: Job, plan: Plan) -> None:
        put = {
            "TableName": self.jobs_table,
            "Item": items.job_item(job),
            "ConditionExpression": "attribute_not_exists(job_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        transact(self.client, [{"Put": put}, *ledger.reservation(self.accounts.table, job, plan, self.accounts.now())])

    def _mend(self, job: Job, plan: Plan, old: Any) -> None:
        """Bring the account to where the job can be written, or raise why it cannot."""
        existing, item, entry = old
        if existing:
            raise JobExists(items.read_job(existing))
        if entry is not None:
            raise IdempotencyKeyReused(
                "this Idempotency-Key belongs to a job that has expired; use a new key", field="Idempotency-Key"
            )
        if not item:
            raise AccountMissing(f"{job.maker} has no account")
        account = read_account(item)
        if self._remember(account, job.maker) != plan.name:
            return
        if account.month < month_of(job.created_at):
            self.accounts.turn_over(account)
        elif why := refusal(account, job, plan):
            raise why
        elif account.minute < minute_of(job.created_at):
            self.accounts.start_minute(account, minute_of(job.created_at))

    def _remember(self, account: Account | None, maker: str) -> str:
        """The account's plan, which is the next submission's guess."""
        if account is None:
            raise AccountMissing(f"{maker} has no account")
        if len(self.plans) >= PLANS_REMEMBERED:
            self.plans.clear()
        self.plans[maker] = account.plan
        return account.plan

    def _exists(self, job: Job) -> None:
        """Raise JobExists for a job that is there already: a plan may have changed since."""
        with suppress(JobNotFound):
            raise JobExists(read_record(self.client, self.jobs_table, job.job_id).job)


@dataclass(frozen=True, kw_only=True)
class JobList:
    """A maker's jobs, newest first."""

    client: DynamoDBClient
    jobs_table: str

    def read(self, job_id: str) -> JobRecord:
        """The job with its images and progress; raises JobNotFound."""
        return read_record(self.client, self.jobs_table, job_id)

    def page(self, maker: str, limit: int, after: str | None, wanted: JobFilter) -> tuple[list[Job], str | None]:
        """Up to `limit` of the wanted jobs created before the one that `after` names, and what names the last seen.

        `after` is `<created_at>#<job_id>`; None where there are no more. A page may have fewer jobs than there are:
        what a filter passes over is read all the same, a bounded number of times.
        """
        condition, expression, names, values = wanted.conditions()
        if after and after < wanted.first:
            return [], None  # a cursor of another filter, beyond all that this one wants
        if after and after > wanted.last:
            after = None
        found: list[Job] = []
        for _ in range(READS_MOST):
            start: Any = {}
            if after:
                job_id = after.rpartition("#")[2]
                start = {"ExclusiveStartKey": {**items.job_key(job_id), "maker": text(maker), "created": text(after)}}
            answer = self.client.query(
                TableName=self.jobs_table,
                IndexName="by_maker",
                KeyConditionExpression=f"maker = :maker{condition}",
                ExpressionAttributeValues={":maker": text(maker), **values},
                ScanIndexForward=False,
                Limit=limit - len(found),
                **expression,
                **names,
                **start,
            )
            found += [items.read_job(item) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            after = last["created"]["S"] if last else None
            if after is None or len(found) == limit:
                break
        return found, after


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which of a maker's jobs are wanted: those of a tool, in a state, created since and until moments."""

    tool: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def first(self) -> str:
        """The least `created` that is wanted."""
        return items.timestamp(self.since) if self.since else "0"

    @property
    def last(self) -> str:
        """The greatest one."""
        return f"{items.timestamp(self.until) if self.until else '9'}~"

    def conditions(self) -> tuple[str, Any, Any, dict[str, Any]]:
        """A key condition to be added, a filter expression, names and values."""
        condition, filters, names, values = "", [], {}, {}
        if self.since or self.until:
            condition = " AND created BETWEEN :since AND :until"
            values[":since"], values[":until"] = text(self.first), text(self.last)
        for name in ("tool", "state"):
            if wanted := getattr(self, name):
                filters.append(f"#{name} = :{name}")
                names[f"#{name}"] = name
                values[f":{name}"] = text(wanted)
        expression = {"FilterExpression": " AND ".join(filters)} if filters else {}
        return condition, expression, {"ExpressionAttributeNames": names} if names else {}, values


@dataclass(frozen=True, kw_only=True)
class JobChanges:
    """What a maker may change of a job of theirs."""

    client: DynamoDBClient
    jobs_table: str

    def name(self, maker: str, job_id: str, title: str) -> Job:
        """Give the job a title, or with an empty one none; raises JobNotFound."""
        change = "SET title = :title" if title else "REMOVE title"
        return self._change(maker, job_id, change, "maker = :maker", {":title": text(title)} if title else {})

    def mark_images_deleted(self, maker: str, job_id: str, at: datetime) -> JobRecord:
        """From now on the job shows no images; raises JobNotFound, or JobUnfinished for one in progress."""
        change = "SET images_deleted_at = if_not_exists(images_deleted_at, :at)"
        condition = "maker = :maker AND attribute_not_exists(unfinished)"
        self._change(maker, job_id, change, condition, {":at": text(items.timestamp(at))})
        return read_record(self.client, self.jobs_table, job_id)

    def _change(self, maker: str, job_id: str, change: str, condition: str, values: dict[str, Any]) -> Job:
        try:
            answer = self.client.update_item(
                TableName=self.jobs_table,
                Key=items.job_key(job_id),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues={":maker": text(maker), **values},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as failed:
            old: Any = failed.response.get("Item", {})
            if old.get("maker") == text(maker):
                raise JobUnfinished("the job is in progress; cancel it first", field="job_id") from None
            raise JobNotFound(f"you have no job {job_id}", field="job_id") from None
        return items.read_job(answer["Attributes"])


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
