"""Makers as everybody sees them: the item `maker` of `author#<author>`.

It has the name, the first publication and the number of public pictures. A publication, a takedown and the like change
that number in their own transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.gallery.batches import read_items
from craftspark.aws.items import number, text, timestamp
from craftspark.errors import MakerNotFound
from craftspark.gallery.pictures import Picture
from craftspark.gallery.profiles import Profile

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAKER = "maker"


@dataclass(frozen=True, kw_only=True)
class ProfilesTable:
    """The profiles of makers."""

    client: DynamoDBClient
    table: str

    def find(self, author: str) -> Profile:
        """A maker who has published. Raises MakerNotFound."""
        item = self._get(author)
        if "since" not in item:
            raise MakerNotFound(f"there is no maker {author} who has published", field="author")
        return Profile(
            author=author,
            name=_name_in(item),
            since=datetime.fromisoformat(item["since"]["S"]),
            pictures=int(item["pictures"]["N"]),
        )

    def name_of(self, author: str) -> str | None:
        return _name_in(self._get(author))

    def rename(self, author: str, name: str) -> None:
        self.client.update_item(
            TableName=self.table,
            Key=_key(author),
            UpdateExpression="SET #name = :name",
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={":name": text(name)},
        )

    def _get(self, author: str) -> dict[str, Any]:
        return self.client.get_item(TableName=self.table, Key=_key(author), ConsistentRead=True).get("Item", {})


def names_of(client: DynamoDBClient, table: str, authors: Iterable[str]) -> dict[str, str]:
    """The names of makers, by author, of those who have chosen one."""
    items = read_items(client, table, [_key(author) for author in dict.fromkeys(authors)])
    return {item["key"]["S"].partition("#")[2]: name for item in items if (name := _name_in(item))}


def count_picture(table: str, picture: Picture, step: int) -> Any:
    """The write that counts a picture at its maker, for the transaction that shows or hides it."""
    update = {
        "TableName": table,
        "Key": _key(picture.author),
        "UpdateExpression": "ADD pictures :step SET since = if_not_exists(since, :since)",
        "ExpressionAttributeValues": {":step": number(step), ":since": text(timestamp(picture.published_at))},
    }
    return {"Update": update}


def _key(author: str) -> Any:
    return {"key": text(f"author#{author}"), "item": text(MAKER)}


def _name_in(item: dict[str, Any]) -> str | None:
    return item["name"]["S"] if "name" in item else None
