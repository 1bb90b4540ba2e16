"""The jobs table as the GPU worker uses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from craftspark.aws import items
from craftspark.aws.items import number, text
from craftspark.aws.jobs.job_table import UNFINISHED, read_record
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.clock import utc_now
from craftspark.jobs.batches import Batch
from craftspark.jobs.job import Job, JobRecord, JobState, StoredImage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class JobEnded(Exception):
    """The job became final while its images were rendered, so they are not delivered."""


@dataclass(frozen=True, kw_only=True)
class RenderTable:
    """The worker's reads and writes of a job. Only image entries affect the job's result; progress is for display."""

    client: DynamoDBClient
    jobs_table: str

    def start(self, job_id: str) -> JobRecord:
        """The job as of now. A queued job becomes running. Raises JobNotFound."""
        record = read_record(self.client, self.jobs_table, job_id)
        if record.job.state is not JobState.QUEUED:
            return record
        started_at = utc_now()
        try:
            self.client.update_item(
                TableName=self.jobs_table,
                Key=items.job_key(job_id),
                UpdateExpression="SET #state = :running, started_at = :now",
                ConditionExpression="#state = :queued",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":running": text(JobState.RUNNING),
                    ":queued": text(JobState.QUEUED),
                    ":now": text(items.timestamp(started_at)),
                },
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return read_record(self.client, self.jobs_table, job_id)
        return replace(record, job=replace(record.job, state=JobState.RUNNING, started_at=started_at))

    def add(self, job: Job, image: StoredImage) -> None:
        """Record an image that is in the bucket. Recording it again changes nothing. Raises JobEnded."""
        put = {
            "TableName": self.jobs_table,
            "Item": items.image_item(job, image),
            "ConditionExpression": "attribute_not_exists(job_id)",
        }
        count = {
            "TableName": self.jobs_table,
            "Key": items.job_key(job.job_id),
            "UpdateExpression": "ADD images_stored :one",
            "ConditionExpression": UNFINISHED,
            "ExpressionAttributeValues": {":one": number(1)},
        }
        try:
            transact(self.client, [{"Put": put}, {"Update": count}])
        except ConditionsFailed as failed:
            exists = failed.items[0] is not None
            if not exists:
                raise JobEnded(f"job {job.job_id} ended before image {image.index} was stored") from None

    def progress(self, job: Job, batch: Batch, percent: int) -> None:
        """Write the rendered percentage of a batch."""
        self.client.update_item(
            TableName=self.jobs_table,
            Key=items.job_key(job.job_id, f"batch#{batch.batch}"),
            UpdateExpression="SET maker = :maker, images = :images, #percent = :percent, expires_at = :expires_at",
            ExpressionAttributeNames={"#percent": "percent"},
            ExpressionAttributeValues={
                ":maker": text(job.maker),
                ":images": number(len(batch.images)),
                ":percent": number(percent),
                ":expires_at": items.epoch(job.expires_at),
            },
        )
