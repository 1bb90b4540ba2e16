"""Tasks whose worker has loaded its models: it takes work from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.aws.fleet.taken_batches import task_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_PER_CALL = 100


@dataclass(frozen=True, kw_only=True)
class ReadyTasks:
    """A worker that is ready has a record of the batches that it holds, of none at first."""

    client: DynamoDBClient
    jobs_table: str

    def find(self, tasks: Sequence[str]) -> set[str]:
        """Those of these tasks that are ready, by their ARNs. It reads half a unit for each, 100 in a call."""
        arns = {task_key(arn)["job_id"]["S"]: arn for arn in tasks}
        found: set[str] = set()
        for start in range(0, len(tasks), KEYS_PER_CALL):
            keys = [task_key(arn) for arn in tasks[start : start + KEYS_PER_CALL]]
            # A key that DynamoDB leaves out is read again for the next decision.
            answer = self.client.batch_get_item(
                RequestItems={self.jobs_table: {"Keys": keys, "ProjectionExpression": "job_id"}}
            )
            found.update(arns[item["job_id"]["S"]] for item in answer["Responses"].get(self.jobs_table, []))
        return found
