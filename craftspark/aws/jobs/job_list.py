"""Lists of a maker's jobs, and changes that a maker makes to a job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from craftspark.aws import items
from craftspark.aws.items import Item, text
from craftspark.aws.jobs.job_table import read_record
from craftspark.clock import utc_now
from craftspark.errors import JobNotFound, JobUnfinished
from craftspark.jobs.job import Job, JobOutline, JobRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# The number of index reads for one page. Each read covers twice as many jobs as the one before, so a page can skip tens
# of thousands of jobs that do not match, such as expired jobs that are not deleted yet.
MAX_READS = 10
# Conditions of changes: the maker owns the job and it has not expired; it was not deleted; it has ended.
THERE = "maker = :maker AND expires_at > :now"
NOT_DELETED = " AND attribute_not_exists(deleted_at)"
ENDED = " AND attribute_not_exists(unfinished)"


@dataclass(frozen=True, kw_only=True)
class JobList:
    """A maker's jobs, newest first."""

    client: DynamoDBClient
    jobs_table: str

    def read(self, job_id: str) -> JobRecord:
        """The job with its images and progress. Raises JobNotFound."""
        return read_record(self.client, self.jobs_table, job_id)

    def page(self, maker: str, limit: int, after: str | None, wanted: JobFilter) -> tuple[list[JobOutline], str | None]:
        """Up to `limit` matching jobs created before `after`, and the position of the last job read, or None at the
        end.

        `after` is `<created_at>#<job_id>`. A page can have fewer jobs than `limit` although there are more, because the
        number of reads is limited. No page contains an expired job.
        """
        now = utc_now()
        condition, expression, values = wanted.conditions(now)
        if after and after < wanted.first:
            return [], None  # a cursor from another filter, outside the range of this one
        if after and after > wanted.last:
            after = None
        found: list[JobOutline] = []
        for number in range(MAX_READS):
            start: Any = {}
            if after:
                job_id = after.rpartition("#")[2]
                start = {"ExclusiveStartKey": {**items.job_key(job_id), "maker": text(maker), "created": text(after)}}
            response = self.client.query(
                TableName=self.jobs_table,
                IndexName="by_maker",
                KeyConditionExpression=f"maker = :maker{condition}",
                ExpressionAttributeValues={":maker": text(maker), **values},
                ScanIndexForward=False,
                Limit=limit * 2**number,
                **expression,
                **start,
            )
            there = [item for item in response["Items"] if items.live(item, now)]
            missing = limit - len(found)
            found += [items.read_outline(item) for item in there[:missing]]
            last = there[missing - 1] if len(there) > missing else response.get("LastEvaluatedKey")
            after = last["created"]["S"] if last else None
            if after is None or len(found) == limit:
                break
        return found, after


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Selects a maker's jobs by tool, state and time of creation."""

    tool: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def first(self) -> str:
        """The lower bound of `created`."""
        return items.timestamp(self.since) if self.since else "0"

    @property
    def last(self) -> str:
        """The upper bound of `created`."""
        return f"{items.timestamp(self.until) if self.until else '9'}~"

    def conditions(self, now: datetime) -> tuple[str, Any, dict[str, Any]]:
        """An addition to the key condition, a filter expression with its names, and the values."""
        condition = ""
        # The reader checks expiry as well; this filter only saves transfer.
        filters, names = ["expires_at > :now"], {}
        values: dict[str, Any] = {":now": items.epoch(now)}
        if self.since or self.until:
            condition = " AND created BETWEEN :since AND :until"
            values[":since"], values[":until"] = text(self.first), text(self.last)
        for name in ("tool", "state"):
            if wanted := getattr(self, name):
                filters.append(f"#{name} = :{name}")
                names[f"#{name}"] = name
                values[f":{name}"] = text(wanted)
        expression = {"FilterExpression": " AND ".join(filters)}
        return condition, {**expression, **({"ExpressionAttributeNames": names} if names else {})}, values


@dataclass(frozen=True, kw_only=True)
class JobEditor:
    """The changes that a maker can make to a job."""

    client: DynamoDBClient
    jobs_table: str

    def name(self, maker: str, job_id: str, title: str) -> Job:
        """Set the job's title, or remove it if `title` is empty. Raises JobNotFound."""
        change = "SET title = :title" if title else "REMOVE title"
        return self._change(maker, job_id, change, values={":title": text(title)} if title else {})

    def mark_images_deleted(self, maker: str, job_id: str, at: datetime) -> JobRecord:
        """Hide the job's images from now on. Raises JobNotFound, or JobUnfinished for a job in progress."""
        change = "SET images_deleted_at = if_not_exists(images_deleted_at, :at)"
        self._change(maker, job_id, change, ENDED, values={":at": text(items.timestamp(at))})
        return read_record(self.client, self.jobs_table, job_id)

    def delete(self, maker: str, job_id: str, at: datetime) -> bool:
        """Remove an ended job from all lists, with everything that the maker wrote. Returns whether it existed until
        now.

        The rest of the item stays until it expires. It is needed by a settlement that is still in progress, and it
        prevents the Idempotency-Key from starting the job again. Raises JobNotFound, or JobUnfinished for a job in
        progress.
        """
        change = (
            "SET deleted_at = if_not_exists(deleted_at, :at), #request = :no_request, fingerprint = :no_fingerprint"
            " REMOVE title, failures, sources, created"
        )
        values = {":at": text(items.timestamp(at)), ":no_request": text("{}"), ":no_fingerprint": text("deleted")}
        names = {"#request": "request"}
        before = self._update(maker, job_id, change, THERE + ENDED, values, names=names, return_values="ALL_OLD")
        return "deleted_at" not in before

    def _change(self, maker: str, job_id: str, change: str, condition: str = "", *, values: dict[str, Any]) -> Job:
        """The changed job. Raises JobNotFound, or JobUnfinished if only `condition` does not hold."""
        return items.read_job(self._update(maker, job_id, change, THERE + NOT_DELETED + condition, values))

    def _update(
        self,
        maker: str,
        job_id: str,
        change: str,
        condition: str,
        values: dict[str, Any],
        *,
        names: dict[str, str] | None = None,
        return_values: Literal["ALL_NEW", "ALL_OLD"] = "ALL_NEW",
    ) -> Item:
        now = utc_now()
        try:
            changed: Any = self.client.update_item(
                TableName=self.jobs_table,
                Key=items.job_key(job_id),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues={":maker": text(maker), ":now": items.epoch(now), **values},
                ReturnValues=return_values,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **({"ExpressionAttributeNames": names} if names else {}),  # type: ignore[arg-type]
            )
        except self.client.exceptions.ConditionalCheckFailedException as failed:
            old: Any = failed.response.get("Item", {})
            if old.get("maker") == text(maker) and items.live(old, now):
                raise JobUnfinished(
                    "the job is in progress; cancel it first, with POST /v1/jobs/{job_id}/cancel", field="job_id"
                ) from None
            raise JobNotFound(f"you have no job {job_id}", field="job_id") from None
        found: Item = changed["Attributes"]
        return found
