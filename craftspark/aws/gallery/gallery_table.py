"""Published pictures and their rows in feeds.

A picture is the item `picture` of `picture#<id>`. A row of a feed is an item of `<feed>#<period>#<copy>`, named by its
position, with what a list shows. Everything about a picture is written and removed in one transaction.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.gallery.batches import read_items
from craftspark.aws.items import text, timestamp
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.clock import utc_now
from craftspark.errors import AccountContended, Contended, PictureAlreadyPublished, PictureNotFound
from craftspark.gallery.feeds import MAX_READS, Feed, feeds_of, position_of
from craftspark.gallery.pictures import Picture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PICTURE = "picture"
# Why a picture is not public: a set of reasons, which exists only while there is one.
HIDDEN = "hidden_by"
# What a row of a feed leaves out: a list shows neither.
NOT_LISTED = ("recipe", "words")


@dataclass(frozen=True, kw_only=True)
class GalleryTable:
    """See craftspark.gallery.publishing.GalleryRecords. `choose` returns the number of the copy to read, of so many."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime] = utc_now
    choose: Callable[[int], int] = random.randrange

    def add(self, picture: Picture) -> None:
        put = {
            "TableName": self.table,
            "Item": {**_key(picture.picture_id), "folder": text(picture.folder), "facts": _write(picture)},
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": "key"},
        }
        rows = (
            {"Put": {"TableName": self.table, "Item": {**row, "facts": _write(picture, without=NOT_LISTED)}}}
            for row in _rows(picture)
        )
        try:
            self._transact([{"Put": put}, *rows])
        except ConditionsFailed:
            raise PictureAlreadyPublished("the image is already published", field="index") from None

    def find(self, picture_id: str) -> Picture:
        found = self.client.get_item(TableName=self.table, Key=_key(picture_id), ConsistentRead=True).get("Item")
        if found is None:
            raise PictureNotFound(f"there is no picture {picture_id}; it may have been unpublished", field="picture_id")
        return _read(found)

    def find_public(self, picture_ids: Sequence[str]) -> dict[str, Picture]:
        """Those of the pictures that are public now, by their ID. Everything that shows a picture asks this first."""
        keys = [_key(picture_id) for picture_id in dict.fromkeys(picture_ids)]
        items = read_items(self.client, self.table, keys, consistent=True)
        pictures = [_read(item) for item in items if is_public(item)]
        return {picture.picture_id: picture for picture in pictures}

    def remove(self, picture: Picture) -> None:
        delete = {
            "TableName": self.table,
            "Key": _key(picture.picture_id),
            "ConditionExpression": "folder = :folder",  # the same publication
            "ExpressionAttributeValues": {":folder": text(picture.folder)},
        }
        rows = ({"Delete": {"TableName": self.table, "Key": row}} for row in _rows(picture))
        try:
            self._transact([{"Delete": delete}, *rows])
        except ConditionsFailed:
            raise PictureNotFound(
                f"there is no picture {picture.picture_id}; it may have been unpublished", field="picture_id"
            ) from None

    def page(self, feed: Feed, limit: int, after: str | None) -> tuple[list[Picture], str | None]:
        """See GalleryRecords. A position stays valid while others publish, because newer rows come before it.

        A page can have fewer pictures than `limit` although there are more, because the number of reads is limited.
        """
        pictures: list[Picture] = []
        copy = self.choose(feed.copies)
        position = after or f"{timestamp(self.now())}#~"  # after every picture of this millisecond
        for number, period in enumerate(feed.periods_back(position), start=1):
            rows = self.client.query(
                TableName=self.table,
                KeyConditionExpression="#key = :key AND #item < :after",
                ExpressionAttributeNames={"#key": "key", "#item": "item"},
                ExpressionAttributeValues={":key": text(feed.partition(period, copy)), ":after": text(position)},
                ScanIndexForward=False,
                Limit=limit - len(pictures) + 1,
            )["Items"]
            pictures += map(_read, rows)
            if len(pictures) > limit:
                last = pictures[limit - 1]
                return pictures[:limit], position_of(last.picture_id, timestamp(last.published_at))
            if number == MAX_READS:
                return pictures, _start_of(period)
        return pictures, None

    def _transact(self, writes: list[dict[str, Any]]) -> None:
        try:
            transact(self.client, writes)
        except Contended as contended:
            raise AccountContended("another request changed the picture; send this request again") from contended


def is_public(item: Mapping[str, Any]) -> bool:
    """Whether everybody may see the picture of an item."""
    return HIDDEN not in item


def _start_of(period: str) -> str:
    """The position before all pictures of a period."""
    return position_of("", f"{period}-01-01"[:10] + "T00:00:00.000Z")


def _key(picture_id: str) -> Any:
    return {"key": text(f"{PICTURE}#{picture_id}"), "item": text(PICTURE)}


def _rows(picture: Picture) -> Iterator[dict[str, Any]]:
    """The keys of the rows of a picture."""
    published_at = timestamp(picture.published_at)
    for feed in feeds_of(picture):
        for copy in range(feed.copies):
            yield {
                "key": text(feed.partition(feed.period_of(published_at), copy)),
                "item": text(position_of(picture.picture_id, published_at)),
            }


def _write(picture: Picture, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """A picture as JSON."""
    facts = {name: value for name, value in asdict(picture).items() if name not in without}
    facts["published_at"] = timestamp(picture.published_at)
    return text(json.dumps(facts, ensure_ascii=False, separators=(",", ":")))


def _read(item: Mapping[str, Any]) -> Picture:
    facts = {"recipe": {}, "words": None, **json.loads(item["facts"]["S"])}
    facts["published_at"] = datetime.fromisoformat(facts["published_at"])
    facts["tags"] = tuple(facts["tags"])
    return Picture(**facts)
