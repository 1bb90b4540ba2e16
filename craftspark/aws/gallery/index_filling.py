"""The queue of the indexing, and how far each index is filled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import text
from craftspark.aws.retries import until_done
from craftspark.errors import EventRefused
from craftspark.gallery.indexing import PictureChange

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

MAX_ENTRIES = 10  # of a call


@dataclass(frozen=True, kw_only=True)
class IndexQueue:
    """See craftspark.gallery.filling.Queue. A message has the form of an event, as those that EventBridge sends."""

    client: SQSClient
    url: str

    def send(self, picture_ids: Sequence[str]) -> None:
        """Raises EventRefused."""
        for first in range(0, len(picture_ids), MAX_ENTRIES):
            entries: Any = [
                {"Id": str(number), "MessageBody": json.dumps({"detail": PictureChange(picture_id=each).to_json()})}
                for number, each in enumerate(picture_ids[first : first + MAX_ENTRIES])
            ]
            for _, why in until_done(self._send, [(entry, "") for entry in entries]):
                raise EventRefused(why)

    def _send(self, asked: list[tuple[Any, str]]) -> list[tuple[Any, str]]:
        """The entries that SQS refuses, with its reason."""
        answer = self.client.send_message_batch(QueueUrl=self.url, Entries=[entry for entry, _ in asked])
        failed = {each["Id"]: f"{each['Code']}: {each.get('Message')}" for each in answer.get("Failed", ())}
        return [(entry, failed[entry["Id"]]) for entry, _ in asked if entry["Id"] in failed]


@dataclass(frozen=True, kw_only=True)
class FillingProgress:
    """See craftspark.gallery.filling.Progress. It is the item `progress` of `index#<name>` in the gallery's table."""

    client: DynamoDBClient
    table: str

    def read(self, index: str) -> str | None:
        item = self.client.get_item(TableName=self.table, Key=_key(index), ConsistentRead=True).get("Item", {})
        return item["position"]["S"] if "position" in item else None

    def write(self, index: str, position: str | None) -> None:
        place = {"position": text(position)} if position is not None else {}
        self.client.put_item(TableName=self.table, Item={**_key(index), **place})


def _key(index: str) -> Any:
    return {"key": text(f"index#{index}"), "item": text("progress")}
