"""Tasks whose worker has loaded its models: it takes work from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.aws.batches import read_most
from craftspark.aws.fleet.taken_batches import task_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class ReadyTasks:
    """A worker that is ready has a record of the batches that it holds, of none at first."""

    client: DynamoDBClient
    jobs_table: str

    def find(self, tasks: Sequence[str]) -> set[str]:
        """Those of these tasks that are ready, by their ARNs. It reads half a unit for each, 100 in a call."""
        arns = {task_key(arn)["job_id"]["S"]: arn for arn in tasks}
        keys = [task_key(arn) for arn in tasks]
        # Those that the table leaves out every time are read for the next decision.
        items = read_most(self.client, self.jobs_table, keys, fields="job_id")
        return {arns[item["job_id"]["S"]] for item in items}
