"""Batches that a worker has taken, in the jobs table, and the messages that come back when the worker is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from craftspark.aws.items import job_key, number, text
from craftspark.aws.orchestration.gpu_queue import NOT_HELD
from craftspark.fleet.interruptions.task_ends import TakenBatch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

BATCHES = "batches"
# SQS keeps a message hidden for up to 12 hours, and no job lasts as long.
KEPT_S = 12 * 3600


@dataclass(frozen=True, kw_only=True)
class TakenBatches:
    """The item `batches` of the partition `task:<task>`, which a worker writes when it is ready for work, and
    overwrites when it takes batches.
    """

    client: DynamoDBClient
    jobs_table: str
    now: Callable[[], float] = time.time

    def write(self, task: str, batches: Iterable[TakenBatch]) -> None:
        """Record all open batches of a task."""
        receipts: dict[str, list[str]] = {}
        for batch in batches:
            receipts.setdefault(batch.queue_url, []).append(batch.receipt)
        item = {
            **task_key(task),
            "receipts": {"M": {url: {"L": [text(receipt) for receipt in each]} for url, each in receipts.items()}},
            "expires_at": number(int(self.now()) + KEPT_S),
        }
        self.client.put_item(TableName=self.jobs_table, Item=item)

    def read(self, task: str) -> tuple[TakenBatch, ...]:
        """The batches that the task last recorded. None of them, if it has taken none."""
        found = self.client.get_item(TableName=self.jobs_table, Key=task_key(task), ConsistentRead=True).get("Item", {})
        receipts: Any = found.get("receipts", {}).get("M", {})
        return tuple(
            TakenBatch(queue_url=url, receipt=receipt["S"]) for url, each in receipts.items() for receipt in each["L"]
        )


@dataclass(frozen=True, kw_only=True)
class ReturnedBatches:
    """Makes the messages of a task's batches visible."""

    taken: TakenBatches
    sqs: SQSClient

    def find(self, task: str) -> tuple[TakenBatch, ...]:
        return self.taken.read(task)

    def forget(self, task: str) -> None:
        self.taken.write(task, ())

    def release(self, batch: TakenBatch) -> bool:
        """Let another worker receive the message now. Returns False if the message is not hidden by this receipt."""
        try:
            self.sqs.change_message_visibility(
                QueueUrl=batch.queue_url, ReceiptHandle=batch.receipt, VisibilityTimeout=0
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_HELD:
                return False
            raise
        return True


def task_key(task: str) -> dict[str, Any]:
    """The key of a task by its ARN. Job IDs have no colon."""
    return job_key(f"task:{task.rpartition('/')[2]}", BATCHES)
