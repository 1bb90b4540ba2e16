"""The queue of the indexing, and how far each index is filled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.aws.entries import send_entries
from craftspark.aws.items import text
from craftspark.gallery.indexing import PictureChange

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, kw_only=True)
class IndexQueue:
    """See craftspark.gallery.filling.Queue. A message has the form of an event, as those that EventBridge sends."""

    client: SQSClient
    url: str

    def send(self, picture_ids: Sequence[str]) -> None:
        """Raises EventRefused."""
        bodies = [json.dumps({"detail": PictureChange(picture_id=each).to_json()}) for each in picture_ids]
        send_entries(self._send, bodies)

    def _send(self, bodies: list[str]) -> dict[int, str]:
        """Why SQS refuses messages, by their places."""
        entries: Any = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies)]
        answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
        return {int(each["Id"]): f"{each['Code']}: {each.get('Message')}" for each in answer.get("Failed", ())}


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
