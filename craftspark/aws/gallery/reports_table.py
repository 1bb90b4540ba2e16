"""Reports of makers about pictures, and the pictures that wait for an administrator.

A report is the item `report#<maker>` of its picture. The item `review` of a picture counts them; while something waits,
it has the attributes of the index `open`, which is sorted by priority.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.aws.batches import read_items
from craftspark.aws.gallery.gallery_items import APPEAL, CHANGED, picture_key, read_kept
from craftspark.aws.items import number, text
from craftspark.aws.transactions import ConditionsFailed, transact_for_maker
from craftspark.errors import AccountContended
from craftspark.gallery.review import REASONS, WEIGHTS, Appeal, Report, Review
from craftspark.jobs.idempotency import Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REVIEW, REPORT, OPEN, PRIORITY = "review", "report#", "open", "priority"
COUNT = "reports_"  # and the reason
STATEMENTS = 10  # reports of a picture that an administrator reads


@dataclass(frozen=True, kw_only=True)
class ReportsTable:
    """See craftspark.gallery.curation.Reports."""

    client: DynamoDBClient
    table: str

    def add(self, picture_id: str, maker: str, report: Report) -> Report:
        key = picture_key(picture_id, f"{REPORT}{maker}")
        put = {
            "TableName": self.table,
            "Item": {**key, "report": text(report.to_text())},
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": "key"},
        }
        try:
            self._transact([{"Put": put}, open_review(self.table, picture_id, WEIGHTS[report.reason], report.reason)])
        except ConditionsFailed:
            earlier = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)["Item"]
            return Report.parse(earlier["report"]["S"])
        return report

    def close(self, picture_id: str, appeal: Appeal | None, also: Sequence[Write] = ()) -> None:
        decided: list[Write] = []
        if appeal:
            update = {
                "TableName": self.table,
                "Key": picture_key(picture_id),
                "UpdateExpression": f"SET {APPEAL} = :appeal",
                "ConditionExpression": f"attribute_exists({APPEAL})",
                "ExpressionAttributeValues": {":appeal": text(appeal.to_text())},
            }
            decided.append({"Update": update})
        try:
            self._transact([close_review(self.table, picture_id), *decided, *also])
        except ConditionsFailed:
            raise AccountContended("another request decided about the picture; read it again") from None

    def list_open(self, limit: int, after: str | None) -> tuple[list[Review], str | None]:
        """Up to `limit` pictures that wait, the most urgent first, and the position of the last one if there are more.

        A picture that moves up during a walk is shown there in the next one.
        """
        start: Any = {}
        if after:
            priority, _, picture_id = after.partition("#")
            key = picture_key(picture_id, REVIEW)
            start = {"ExclusiveStartKey": {**key, OPEN: text(OPEN), PRIORITY: number(int(priority))}}
        answer = self.client.query(
            TableName=self.table,
            IndexName=OPEN,
            KeyConditionExpression="#open = :open",
            ExpressionAttributeNames={"#open": OPEN},
            ExpressionAttributeValues={":open": text(OPEN)},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        waiting = {item["key"]["S"]: item for item in answer["Items"]}
        keys = [{"key": text(key), "item": picture_key("")["item"]} for key in waiting]
        kept = {item["key"]["S"]: read_kept(item) for item in read_items(self.client, self.table, keys)}
        reviews = [
            Review(
                kept=kept[key],
                priority=int(item[PRIORITY]["N"]),
                reports={reason: int(item[name]["N"]) for reason in REASONS if (name := COUNT + reason) in item},
                statements=tuple(self._read_statements(key)),
            )
            for key, item in waiting.items()
            if key in kept  # not of a picture that was unpublished
        ]
        last = answer.get("LastEvaluatedKey")
        return reviews, f"{last[PRIORITY]['N']}#{last['key']['S'].partition('#')[2]}" if last else None

    def _read_statements(self, key: str) -> list[Report]:
        items = self.client.query(
            TableName=self.table,
            KeyConditionExpression="#key = :key AND begins_with(#item, :report)",
            ExpressionAttributeNames={"#key": "key", "#item": "item"},
            ExpressionAttributeValues={":key": text(key), ":report": text(REPORT)},
            Limit=STATEMENTS,
        )["Items"]
        return [Report.parse(item["report"]["S"]) for item in items]

    def _transact(self, writes: Sequence[Write]) -> None:
        transact_for_maker(self.client, writes, CHANGED)


def open_review(table: str, picture_id: str, weight: int, reason: str | None = None) -> Write:
    """The write that puts a picture into the review, or moves it up there."""
    counted = f", {COUNT}{reason} :one" if reason else ""
    return {
        "Update": {
            "TableName": table,
            "Key": picture_key(picture_id, REVIEW),
            "UpdateExpression": f"SET #open = :open ADD {PRIORITY} :weight{counted}",
            "ExpressionAttributeNames": {"#open": OPEN},
            "ExpressionAttributeValues": {
                ":open": text(OPEN),
                ":weight": number(weight),
                **({":one": number(1)} if reason else {}),
            },
        }
    }


def close_review(table: str, picture_id: str) -> Write:
    """The write that takes a picture out of the review, with all its reports so far."""
    return {"Delete": {"TableName": table, "Key": picture_key(picture_id, REVIEW)}}
