"""Published pictures as administrators and their makers see them: also those that are not public."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.batches import read_items
from craftspark.aws.gallery.gallery_items import (
    APPEAL,
    CHANGED,
    HIDDEN,
    RANK,
    STANDING,
    TAKEDOWN_FACTS,
    counts_of,
    picture_key,
    read_kept,
    rows_of,
    standing_key,
    write_picture,
    write_row,
)
from craftspark.aws.gallery.popular_table import CLOCK_SKEW, hide_in_snapshots
from craftspark.aws.gallery.reports_table import close_review, open_review
from craftspark.aws.items import number, text, timestamp
from craftspark.aws.transactions import ConditionsFailed, transact_for_maker
from craftspark.clock import utc_now
from craftspark.errors import PictureNotFound
from craftspark.gallery.review import APPEAL_WEIGHT, TAKEDOWN, Appeal, KeptPicture, Takedown
from craftspark.jobs.idempotency import Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class StandingChanged(Exception):
    """The maker was suspended, or the suspension lifted, after the change that is applied."""


@dataclass(frozen=True, kw_only=True)
class KeptTable:
    """See craftspark.gallery.curation.KeptPictures."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime] = utc_now

    def load(self, picture_id: str) -> KeptPicture:
        item = self.client.get_item(TableName=self.table, Key=picture_key(picture_id), ConsistentRead=True).get("Item")
        if item is None:
            raise PictureNotFound(f"there is no picture {picture_id}; it may have been unpublished", field="picture_id")
        return read_kept(item)

    def of_maker(self, maker: str, limit: int, after: str | None) -> tuple[list[KeptPicture], str | None]:
        """Up to `limit` pictures of a maker, newest first, and the position of the next page, if any."""
        rows = self.client.query(
            TableName=self.table,
            KeyConditionExpression="#key = :key AND #item < :after",
            ExpressionAttributeNames={"#key": "key", "#item": "item"},
            ExpressionAttributeValues={
                ":key": text(f"own#{maker}"),
                ":after": text(after or f"{timestamp(self.now())}#~"),
            },
            ScanIndexForward=False,
            Limit=limit + 1,
            ConsistentRead=True,
        )["Items"]
        positions = [row["item"]["S"] for row in rows[:limit]]
        keys = [picture_key(position.partition("#")[2]) for position in positions]
        items = read_items(self.client, self.table, keys, consistent=True)
        found = {kept.picture.picture_id: kept for kept in map(read_kept, items)}
        kept = [found[picture_id] for each in positions if (picture_id := each.partition("#")[2]) in found]
        return kept, positions[-1] if len(rows) > limit else None

    def hide(self, kept: KeptPicture, why: str, facts: Takedown | None, also: Sequence[Write] = ()) -> bool:
        picture = kept.picture
        # An appeal was against the takedown before; this one, for another reason, can be appealed again.
        set_facts = f" SET {TAKEDOWN_FACTS} = :facts REMOVE {APPEAL}"
        takedown: Any = ({":facts": text(facts.to_text())}, set_facts) if facts else ({}, "")
        values, setting = takedown
        update = self._change(kept, f"ADD {HIDDEN} :why{setting}", {":why": {"SS": [why]}, **values})
        hidden = hide_in_snapshots(self.table, picture.picture_id, self.now() + CLOCK_SKEW)
        rows = ({"Delete": {"TableName": self.table, "Key": key}} for key in rows_of(picture, kept.rank))
        review = [close_review(self.table, picture.picture_id)] if why == TAKEDOWN else []
        counted = [] if kept.hidden_by else counts_of(self.table, picture, -1)
        return self._write([update, hidden, *rows, *counted, *review, *also])

    def show(self, kept: KeptPicture, why: str, folder: str, also: Sequence[Write] = ()) -> bool:
        picture = replace(kept.picture, folder=folder)
        written = write_picture(picture)
        removed = f" REMOVE {TAKEDOWN_FACTS}, {APPEAL}" if why == TAKEDOWN else ""
        update = self._change(
            kept,
            f"DELETE {HIDDEN} :why SET folder = :new, facts = :picture{removed}",
            {":why": {"SS": [why]}, ":new": written["folder"], ":picture": written["facts"]},
        )
        row = write_row(picture)
        public = kept.hidden_by == {why}
        rows = (
            [{"Put": {"TableName": self.table, "Item": {**key, **row}}} for key in rows_of(picture, kept.rank)]
            if public
            else []
        )
        counted = counts_of(self.table, picture, 1) if public else []
        review = [close_review(self.table, picture.picture_id)] if why == TAKEDOWN else []
        return self._write([update, *rows, *counted, *review, *also])

    def appeal(self, kept: KeptPicture, appeal: Appeal) -> bool:
        update = self._change(
            kept, f"SET {APPEAL} = :appeal", {":appeal": text(appeal.to_text())}, f"attribute_not_exists({APPEAL})"
        )
        return self._write([update, open_review(self.table, kept.picture.picture_id, APPEAL_WEIGHT)])

    def read_standing(self, maker: str, at: str) -> bool:
        """Whether a maker is suspended since a moment. Raises StandingChanged if that changed later."""
        key = standing_key(maker)
        item = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item", {})
        if item.get("changed_at") != text(at):
            raise StandingChanged(at)
        return "suspended" in item

    def same_standing(self, maker: str, at: str) -> Write:
        """The check that a maker's standing has not changed since, for the transactions that follow from it."""
        return {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": standing_key(maker),
                "ConditionExpression": "changed_at = :at",
                "ExpressionAttributeValues": {":at": text(at)},
            }
        }

    def _change(self, kept: KeptPicture, expression: str, values: dict[str, Any], condition: str = "") -> Write:
        """An update of a picture that was not changed since it was loaded."""
        reasons = sorted(kept.hidden_by)
        same = f"{HIDDEN} = :hidden" if reasons else f"attribute_not_exists({HIDDEN})"
        return {
            "Update": {
                "TableName": self.table,
                "Key": picture_key(kept.picture.picture_id),
                "UpdateExpression": expression,
                "ConditionExpression": " AND ".join(
                    filter(None, (f"folder = :folder AND {RANK} = :rank", same, condition))
                ),
                "ExpressionAttributeValues": {
                    ":folder": text(kept.picture.folder),
                    ":rank": number(kept.rank),
                    **({":hidden": {"SS": reasons}} if reasons else {}),
                    **values,
                },
            }
        }

    def _write(self, writes: Sequence[Write]) -> bool:
        try:
            transact_for_maker(self.client, list(writes), CHANGED)
        except ConditionsFailed as failed:
            for write, item in zip(writes, failed.items, strict=True):
                if item is not None and write.get("ConditionCheck", {}).get("Key", {}).get("item") == text(STANDING):
                    raise StandingChanged("newer") from None
            return False
        return True
