"""Snapshots of popular pictures.

A generation has the partition `popular[:<tool>]#<generation>#<copy>` with the rows `000`, `001` and so on. The item
`current` of the partition `popular` names the generation of each ranking. The same partition has the pictures that
were hidden while a generation may still list them: a reader gets both with one query.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from craftspark.aws.batches import delete_items, put_items
from craftspark.aws.gallery.gallery_items import LIKES, read_picture
from craftspark.aws.items import epoch, text, timestamp
from craftspark.clock import utc_now
from craftspark.errors import InvalidInput
from craftspark.gallery.feeds import COPIES
from craftspark.gallery.pictures import Picture
from craftspark.gallery.popular import LIFE, LISTED, Ranking

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POPULAR, CURRENT, HIDDEN = "popular", "current", "hidden#"
WRITING = timedelta(minutes=5)  # of a snapshot, at most
# The clocks of two functions differ by less.
CLOCK_SKEW = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class PopularTable:
    """The lists of popular pictures. `choose` returns the number of the copy to read, of so many."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime] = utc_now
    choose: Callable[[int], int] = random.randrange

    def page(self, ranking: Ranking, limit: int, after: str | None) -> tuple[list[Picture], str | None]:
        """Up to `limit` pictures after a position, and the position of the next page, if any.

        A page can have fewer pictures than `limit` although there are more: those that were hidden since the snapshot
        are left out. Raises InvalidInput for a position in a generation that is too old.
        """
        state = self._read_state()
        if after:
            generation, _, position = after.partition("#")
            if generation < timestamp(self.now() - LIFE):
                raise InvalidInput("the cursor is too old; remove it to start from the first page", field="cursor")
        else:
            generation, position = _generation_of(state, ranking), ""
        if not generation:
            return [], None
        rows = self.client.query(
            TableName=self.table,
            KeyConditionExpression="#key = :key AND #item > :after",
            ExpressionAttributeNames={"#key": "key", "#item": "item"},
            ExpressionAttributeValues={
                ":key": text(ranking.partition(generation, self.choose(COPIES))),
                ":after": text(position or "!"),  # before every number
            },
            Limit=limit + 1,
        )["Items"]
        hidden = {item["hidden"]["S"] for item in state if "hidden" in item and generation < item["until"]["S"]}
        pictures = [read_picture(row) for row in rows[:limit]]
        shown = [each for each in pictures if hidden.isdisjoint((each.picture_id, each.author))]
        return shown, f"{generation}#{rows[limit - 1]['item']['S']}" if len(rows) > limit else None

    def make_snapshot(self, ranking: Ranking) -> bool:
        """Make a new generation from the scores of now. False if the current one says the same and is young."""
        now = self.now()
        rows = self.client.query(
            TableName=self.table,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": "key"},
            ExpressionAttributeValues={":key": text(ranking.candidates)},
            ScanIndexForward=False,
            Limit=LISTED,
            ConsistentRead=True,  # a picture that was hidden before this moment is in no later generation
        )["Items"]
        listed = [{name: row[name] for name in ("facts", LIKES) if name in row} for row in rows]
        digest = sha256(json.dumps(listed).encode()).hexdigest()[:16]
        state = self._read_state()
        generation, _, same = _entry_of(state, ranking).partition("#")
        if same == digest and generation > timestamp(now - LIFE / 2) and not _hides_any(state, generation, rows, now):
            return False
        self._write_rows(ranking, timestamp(now), listed)
        self._turn_to(ranking, f"{timestamp(now)}#{digest}")
        return True

    def forget_hidden(self) -> None:
        """Delete the pictures that were hidden so long ago that no walk shows them: every page reads the others."""
        ended = timestamp(self.now() - LIFE)
        old = [item for item in self._read_state() if "hidden" in item and item["until"]["S"] < ended]
        delete_items(self.client, self.table, [_key(item["item"]["S"]) for item in old])

    def _write_rows(self, ranking: Ranking, generation: str, listed: Sequence[Any]) -> None:
        ends = epoch(datetime.fromisoformat(generation) + LIFE + WRITING)
        items = [
            {
                "key": text(ranking.partition(generation, copy)),
                "item": text(f"{place:03}"),
                **row,
                "expires_at": ends,
            }
            for copy in range(COPIES)
            for place, row in enumerate(listed)
        ]
        put_items(self.client, self.table, items)

    def _turn_to(self, ranking: Ranking, entry: str) -> None:
        """Make a generation the current one, unless a newer one is."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key=_key(CURRENT),
                UpdateExpression="SET #ranking = :entry",
                ConditionExpression="attribute_not_exists(#ranking) OR #ranking < :entry",
                ExpressionAttributeNames={"#ranking": ranking.name},
                ExpressionAttributeValues={":entry": text(entry)},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return

    def _read_state(self) -> list[Any]:
        """The current generations, and the pictures that were hidden since: 4 KB for about 40 pictures."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": "key"},
            ExpressionAttributeValues={":key": text(POPULAR)},
        )
        return [item for page in pages for item in page["Items"]]


def hide_in_snapshots(table: str, hidden: str, until: datetime) -> Any:
    """The write that hides a picture, or all of an author, in the generations from before a moment."""
    item = {
        **_key(f"{HIDDEN}{hidden}"),
        "hidden": text(hidden),
        "until": text(timestamp(until)),
    }
    return {"Put": {"TableName": table, "Item": item}}


def _key(item: str) -> Any:
    return {"key": text(POPULAR), "item": text(item)}


def _generation_of(state: Sequence[Mapping[str, Any]], ranking: Ranking) -> str:
    """The current generation of a ranking, or an empty text."""
    return _entry_of(state, ranking).partition("#")[0]


def _entry_of(state: Sequence[Mapping[str, Any]], ranking: Ranking) -> str:
    """The current generation of a ranking and the digest of its rows, or an empty text."""
    for item in state:
        if item["item"]["S"] == CURRENT and ranking.name in item:
            return str(item[ranking.name]["S"])
    return ""


def _hides_any(state: Sequence[Mapping[str, Any]], generation: str, rows: Sequence[Any], now: datetime) -> bool:
    """Whether a generation leaves out a picture that the next one would show: it was hidden and is public again."""
    ended = {
        each["hidden"]["S"] for each in state if "hidden" in each and generation < each["until"]["S"] <= timestamp(now)
    }
    pictures = map(read_picture, rows) if ended else ()
    return any(not ended.isdisjoint((picture.picture_id, picture.author)) for picture in pictures)
