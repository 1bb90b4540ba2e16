"""Published pictures and their rows in feeds. Everything about a picture is written and removed in one transaction."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.batches import read_items
from craftspark.aws.gallery.gallery_items import (
    CHANGED,
    HIDDEN,
    PICTURE,
    RANK,
    REMIX,
    REMIXES,
    TAKEDOWN_FACTS,
    TALLY,
    check_lineage,
    counts_of,
    is_public,
    own_key,
    picture_key,
    read_picture,
    rows_of,
    standing_key,
    write_picture,
    write_row,
)
from craftspark.aws.gallery.likes_table import likes_of
from craftspark.aws.gallery.popular_table import CLOCK_SKEW, hide_in_snapshots
from craftspark.aws.gallery.profiles_table import names_of
from craftspark.aws.gallery.reports_table import close_review
from craftspark.aws.items import number, text, timestamp
from craftspark.aws.transactions import ConditionsFailed, transact_for_maker
from craftspark.clock import utc_now
from craftspark.errors import (
    AccountContended,
    AccountSuspended,
    PictureAlreadyPublished,
    PictureNotFound,
    PictureTakenDown,
)
from craftspark.gallery.feeds import MAX_READS, Feed, position_of
from craftspark.gallery.likes import shown_of
from craftspark.gallery.pictures import Picture
from craftspark.gallery.popular import rank_of
from craftspark.gallery.publishing import ShownPicture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SAME_PLACES = f"folder = :folder AND {RANK} = :rank"
TRIES = 3  # of a removal, which a change of the rank can overtake


@dataclass(frozen=True, kw_only=True)
class GalleryTable:
    """See craftspark.gallery.publishing.GalleryRecords. `choose` returns the number of the copy to read, of so many."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime] = utc_now
    choose: Callable[[int], int] = random.randrange

    def add(self, picture: Picture) -> None:
        # An image that was public before has its likes again.
        likes = likes_of(self._get(picture.picture_id, TALLY))
        picture, rank = replace(picture, likes=shown_of(likes)), rank_of(likes)
        put = {
            "TableName": self.table,
            "Item": {**picture_key(picture.picture_id), **write_picture(picture), RANK: number(rank)},
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": "key"},
        }
        active = {
            "TableName": self.table,
            "Key": standing_key(picture.maker),
            "ConditionExpression": "attribute_not_exists(suspended)",
        }
        own = {"Put": {"TableName": self.table, "Item": own_key(picture)}}
        try:
            self._transact(
                [
                    {"Put": put},
                    {"ConditionCheck": active},
                    *check_lineage(self.table, picture),
                    own,
                    *counts_of(self.table, picture, 1),
                    *self._put_rows(picture, rank),
                ]
            )
        except ConditionsFailed as failed:
            exists, suspended, *others = (item is not None for item in failed.items)
            if exists:
                raise PictureAlreadyPublished("the image is already published", field="index") from None
            if suspended:
                raise AccountSuspended("your account was suspended; ask the operators") from None
            taken_down = next(each for each, is_down in zip(picture.lineage, others, strict=False) if is_down)
            raise PictureTakenDown(
                f"the picture {taken_down}, which this comes from, was taken down", field="index"
            ) from None

    def find(self, picture_id: str) -> Picture:
        found = self._get(picture_id)
        if found is None:
            raise _missing(picture_id)
        return read_picture(found)

    def check_not_taken_down(self, picture_id: str) -> None:
        _check_not_taken_down(self._get(picture_id) or {})

    def find_public(self, picture_ids: Sequence[str]) -> dict[str, Picture]:
        """Those of the pictures that are public now, by their ID. Everything that shows a picture asks this first."""
        return _public(self._read(picture_ids))

    def show(self, picture_id: str) -> ShownPicture:
        """A public picture with its counts. Raises PictureNotFound."""
        keys = [picture_key(picture_id, item) for item in (PICTURE, TALLY, REMIXES)]
        items = {item["item"]["S"]: item for item in read_items(self.client, self.table, keys, consistent=True)}
        found = items.get(PICTURE)
        if found is None or not is_public(found):
            raise _missing(picture_id)
        picture = read_picture(found)
        kin = self._read(picture.lineage)
        related = _public(kin)
        authors = [picture.author, *(each.author for each in related.values())]
        return ShownPicture(
            picture=picture,
            likes=likes_of(items.get(TALLY)),
            remixes=int(items.get(REMIXES, {}).get(REMIXES, {"N": "0"})["N"]),
            remixes_publishable=not any(TAKEDOWN_FACTS in item for item in kin),
            related=related,
            names=names_of(self.client, self.table, authors),
        )

    def remove(self, picture: Picture) -> None:
        for _ in range(TRIES):
            item = self._get(picture.picture_id)
            if item is None or read_picture(item).folder != picture.folder:
                raise _missing(picture.picture_id)
            _check_not_taken_down(item)
            rank = int(item[RANK]["N"])
            delete: Any = {
                "TableName": self.table,
                "Key": picture_key(picture.picture_id),
                # The same publication and rows, and nobody has taken it down: that outlasts the maker's wish.
                "ConditionExpression": f"{SAME_PLACES} AND attribute_not_exists({TAKEDOWN_FACTS})",
                "ExpressionAttributeValues": {":folder": text(picture.folder), ":rank": number(rank)},
            }
            # Whether its rows exist must be as it was read: they are counted at its parent.
            public = is_public(item)
            delete["ConditionExpression"] += f" AND attribute_{'not_exists' if public else 'exists'}({HIDDEN})"
            own = {"Delete": {"TableName": self.table, "Key": own_key(picture)}}
            review = close_review(self.table, picture.picture_id)
            hidden = hide_in_snapshots(self.table, picture.picture_id, self.now() + CLOCK_SKEW)
            counted = counts_of(self.table, picture, -1) if public else []
            try:
                self._transact([{"Delete": delete}, own, review, hidden, *counted, *self._delete_rows(picture, rank)])
            except ConditionsFailed:
                continue
            return
        raise AccountContended(CHANGED)

    def page(self, feed: Feed, limit: int, after: str | None) -> tuple[list[Picture], str | None]:
        """See GalleryRecords. A position stays valid while others publish, because newer rows come before it.

        A page can have fewer pictures than `limit` although there are more, because the number of reads is limited.
        """
        pictures: list[Picture] = []
        copy = self.choose(feed.copies)
        position = after or f"{timestamp(self.now())}#~"  # after every picture of this millisecond
        for count, period in enumerate(feed.periods_back(position), start=1):
            rows = self.client.query(
                TableName=self.table,
                KeyConditionExpression="#key = :key AND #item < :after",
                ExpressionAttributeNames={"#key": "key", "#item": "item"},
                ExpressionAttributeValues={":key": text(feed.partition(period, copy)), ":after": text(position)},
                ScanIndexForward=False,
                Limit=limit - len(pictures) + 1,
            )["Items"]
            pictures += map(read_picture, rows)
            if len(pictures) > limit:
                last = pictures[limit - 1]
                return pictures[:limit], position_of(last.picture_id, timestamp(last.published_at))
            if count == MAX_READS:
                return pictures, _start_of(period)
        return pictures, None

    def remixes(self, picture_id: str, limit: int, after: str | None) -> tuple[list[Picture], str | None]:
        """Up to `limit` public remixes of a public picture, newest first, and the position of the next page, if any.

        Raises PictureNotFound.
        """
        if picture_id not in self.find_public([picture_id]):
            raise _missing(picture_id)
        rows = self.client.query(
            TableName=self.table,
            KeyConditionExpression="#key = :key AND #item BETWEEN :first AND :last",
            ExpressionAttributeNames={"#key": "key", "#item": "item"},
            ExpressionAttributeValues={
                ":key": picture_key(picture_id)["key"],
                ":first": text(REMIX),
                ":last": text(f"{REMIX}{after}" if after else f"{REMIX}~"),
            },
            ScanIndexForward=False,
            Limit=limit + 2,  # one more, and the row of the position, which is left out
        )["Items"]
        positions = [row["item"]["S"].removeprefix(REMIX) for row in rows]
        found = [(position, row) for position, row in zip(positions, rows, strict=True) if position != after]
        pictures = [read_picture(row) for _, row in found[:limit]]
        return pictures, found[limit - 1][0] if len(found) > limit else None

    def _get(self, picture_id: str, *item: str) -> dict[str, Any] | None:
        key = picture_key(picture_id, *item)
        return self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")

    def _read(self, picture_ids: Sequence[str]) -> list[Any]:
        keys = [picture_key(picture_id) for picture_id in dict.fromkeys(picture_ids)]
        return list(read_items(self.client, self.table, keys, consistent=True))

    def _put_rows(self, picture: Picture, rank: int) -> Iterable[Any]:
        row = write_row(picture)
        return ({"Put": {"TableName": self.table, "Item": {**key, **row}}} for key in rows_of(picture, rank))

    def _delete_rows(self, picture: Picture, rank: int) -> Iterable[Any]:
        return ({"Delete": {"TableName": self.table, "Key": key}} for key in rows_of(picture, rank))

    def _transact(self, writes: list[dict[str, Any]]) -> None:
        transact_for_maker(self.client, writes, CHANGED)


def _public(items: Iterable[Mapping[str, Any]]) -> dict[str, Picture]:
    pictures = [read_picture(item) for item in items if is_public(item)]
    return {picture.picture_id: picture for picture in pictures}


def _check_not_taken_down(item: Mapping[str, Any]) -> None:
    if TAKEDOWN_FACTS in item:
        raise PictureTakenDown(
            "the picture was taken down; GET /v1/account/pictures says why, and you can appeal", field="picture_id"
        )


def _missing(picture_id: str) -> PictureNotFound:
    return PictureNotFound(f"there is no picture {picture_id}; it may have been unpublished", field="picture_id")


def _start_of(period: str) -> str:
    """The position before all pictures of a period."""
    return position_of("", f"{period}-01-01"[:10] + "T00:00:00.000Z")
