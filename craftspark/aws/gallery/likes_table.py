"""Likes: who likes a picture, in eight partitions with a counter each, and the sum of the counters.

A like and the change of its counter are one transaction, so a counter is exact. The sum is made from the counters
whenever one of them changes: it can be made twice, and also too late, but never adds up wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from craftspark.aws.batches import read_items
from craftspark.aws.gallery.gallery_items import (
    LIKES,
    RANK,
    TALLY,
    candidates_of,
    is_public,
    picture_key,
    read_picture,
    rows_of,
    show_likes,
    write_row,
)
from craftspark.aws.items import number, text
from craftspark.aws.transactions import ConditionsFailed, transact, transact_for_maker
from craftspark.errors import Contended
from craftspark.gallery.likes import shown_of
from craftspark.gallery.pictures import Picture
from craftspark.gallery.popular import rank_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COUNTERS = 8  # each takes about 250 likes per second, a transaction at a time
COUNT = "count"
TRIES = 5


@dataclass(frozen=True, kw_only=True)
class LikesTable:
    """See craftspark.gallery.likes.LikeRecords."""

    client: DynamoDBClient
    table: str

    def add(self, picture_id: str, maker: str) -> None:
        key = _like_key(picture_id, maker)
        put = {"TableName": self.table, "Item": key, **_if_exists(exists=False)}
        self._write({"Put": put}, self._count(picture_id, maker, 1))

    def drop(self, picture_id: str, maker: str) -> None:
        key = _like_key(picture_id, maker)
        delete = {"TableName": self.table, "Key": key, **_if_exists(exists=True)}
        self._write({"Delete": delete}, self._count(picture_id, maker, -1))

    def has(self, picture_id: str, maker: str) -> bool:
        key = _like_key(picture_id, maker)
        return "Item" in self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)

    def count(self, picture_id: str) -> int:
        likes, _ = self._sum(picture_id)
        return likes

    def sum_up(self, picture_id: str) -> None:
        """Write the sum of the counters, and what lists show of it if that changed. Raises Contended."""
        likes, changes = self._sum(picture_id)
        # If a newer sum is there, or this one, its rank may still have to be written.
        with suppress(self.client.exceptions.ConditionalCheckFailedException):
            self.client.update_item(
                TableName=self.table,
                Key=picture_key(picture_id, TALLY),
                UpdateExpression="SET likes = :likes, changes = :changes",
                ConditionExpression="attribute_not_exists(changes) OR changes < :changes",
                ExpressionAttributeValues={":likes": number(likes), ":changes": number(changes)},
            )
        for _ in range(TRIES):
            if self._is_shown(picture_id):
                return
        raise Contended(f"{TRIES} tries met other changes of the picture")

    def _is_shown(self, picture_id: str) -> bool:
        """Give a picture the rank of its sum, and its rows the number. False if something else changed meanwhile."""
        keys = [picture_key(picture_id, item) for item in ("picture", TALLY)]
        items = {item["item"]["S"]: item for item in read_items(self.client, self.table, keys, consistent=True)}
        item, tally = items.get("picture"), items.get(TALLY)
        if item is None or tally is None or not is_public(item):
            return True
        likes, before, old = likes_of(tally), read_picture(item), int(item[RANK]["N"])
        picture, rank = replace(before, likes=shown_of(likes)), rank_of(likes)
        if (picture.likes, rank) == (before.likes, old):
            return True
        same_sum = {
            "TableName": self.table,
            "Key": picture_key(picture_id, TALLY),
            "ConditionExpression": "changes = :changes",
            "ExpressionAttributeValues": {":changes": tally["changes"]},
        }
        writes = [
            self._change_picture(picture, old, rank),
            {"ConditionCheck": same_sum},
            *self._change_rows(picture, old, rank),
        ]
        try:
            transact(self.client, writes)
        except ConditionsFailed:
            return False
        return True

    def _change_picture(self, picture: Picture, old: int, rank: int) -> Any:
        """The write of a public picture's rank and likes, if its rank is `old`."""
        update = {
            "TableName": self.table,
            "Key": picture_key(picture.picture_id),
            "UpdateExpression": f"SET {RANK} = :rank, {LIKES} = :likes",
            "ConditionExpression": f"folder = :folder AND {RANK} = :old AND attribute_not_exists(hidden_by)",
            "ExpressionAttributeValues": {
                ":rank": number(rank),
                ":old": number(old),
                ":likes": number(picture.likes),
                ":folder": text(picture.folder),
            },
        }
        return {"Update": update}

    def _change_rows(self, picture: Picture, old: int, rank: int) -> Iterator[Any]:
        """The writes of the rows of a picture whose rank was `old`: only those of another score move."""
        if rank != old:
            row = write_row(picture)
            yield from ({"Delete": {"TableName": self.table, "Key": key}} for key in candidates_of(picture, old))
            yield from (
                {"Put": {"TableName": self.table, "Item": {**key, **row}}} for key in candidates_of(picture, rank)
            )
        moved = list(candidates_of(picture, rank)) if rank != old else []
        yield from (show_likes(self.table, key, picture.likes) for key in rows_of(picture, rank) if key not in moved)

    def _sum(self, picture_id: str) -> tuple[int, int]:
        """The likes, and how often they changed: the higher this number, the newer the sum."""
        keys = [_counter_key(picture_id, shard) for shard in range(COUNTERS)]
        items = list(read_items(self.client, self.table, keys, consistent=True))
        return sum(likes_of(item) for item in items), sum(int(item["changes"]["N"]) for item in items)

    def _count(self, picture_id: str, maker: str, step: int) -> Any:
        return {
            "Update": {
                "TableName": self.table,
                "Key": _counter_key(picture_id, _shard_of(maker)),
                "UpdateExpression": "ADD likes :step, changes :one",
                "ExpressionAttributeValues": {":step": number(step), ":one": number(1)},
            }
        }

    def _write(self, *writes: Any) -> None:
        """A write whose condition fails was done before."""
        with suppress(ConditionsFailed):
            transact_for_maker(self.client, writes, "many makers like this picture now; send this request again")


def likes_of(item: Mapping[str, Any] | None) -> int:
    """The likes of a counter or of a sum, if it exists."""
    return int(item["likes"]["N"]) if item and "likes" in item else 0


def picture_of(key: Mapping[str, Any]) -> str:
    """The ID of the picture that a counter is of."""
    return str(key["key"]["S"].split("#")[1])


def _like_key(picture_id: str, maker: str) -> Any:
    return {"key": text(f"likes#{picture_id}#{_shard_of(maker)}"), "item": text(f"maker#{maker}")}


def _counter_key(picture_id: str, shard: int) -> Any:
    return {"key": text(f"likes#{picture_id}#{shard}"), "item": text(COUNT)}


def _shard_of(maker: str) -> int:
    return sha256(maker.encode()).digest()[0] % COUNTERS


def _if_exists(*, exists: bool) -> Any:
    condition = "attribute_exists" if exists else "attribute_not_exists"
    return {"ConditionExpression": f"{condition}(#key)", "ExpressionAttributeNames": {"#key": "key"}}
