"""Tasks whose worker has loaded its models: it takes work from then on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.aws.fleet.taken_batches import task_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_PER_CALL = 100
TRIES = 4


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
            found.update(arns[name] for name in self._read(keys))
        return found

    def _read(self, keys: Sequence[Any]) -> Iterator[str]:
        """The keys that exist. DynamoDB may leave some keys out, for example while it throttles the table.

        They are asked for again. Those that are left out every time are read for the next decision.
        """
        asked: Any = {self.jobs_table: {"Keys": keys, "ProjectionExpression": "job_id"}}
        for _ in range(TRIES):
            answer = self.client.batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(self.jobs_table, []):
                yield item["job_id"]["S"]
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return
