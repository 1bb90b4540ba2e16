"""The records of uploads, in their own table.

A maker's partition holds one item `upload#<id>` per upload, which the index `newest` lists by `created`. The item
`limits` records which uploads are open, until when, and the number of checks in a minute.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from craftspark.accounts.credits import minute_of
from craftspark.aws.idempotency import check_effect
from craftspark.aws.items import epoch, number, text, timestamp
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.clock import utc_now
from craftspark.errors import AccountContended, Contended, TooManyOpenUploads, TooManyRequests, UploadNotFound
from craftspark.expiry import is_expired
from craftspark.jobs.idempotency import Write
from craftspark.uploads import Facts, Upload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRIES = 10
MAX_READS = 10  # index reads per page of a list
LIMITS_KEPT = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class UploadTable:
    """See craftspark.uploads.UploadRecords."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime] = utc_now

    def open(self, maker: str, upload: Upload, *, max_open: int, also: Sequence[Write] = ()) -> None:
        for _ in range(TRIES):
            limits = self._item(maker, "limits")
            now = int(self.now().timestamp())
            held = {name: until for name, until in limits.get("open", {"M": {}})["M"].items() if int(until["N"]) > now}
            if len(held) >= max_open:
                soonest = min(int(until["N"]) for until in held.values())
                raise TooManyOpenUploads(
                    f"{len(held)} uploads are open and your plan allows {max_open}; check or delete one first",
                    retry_after_s=max(1, soonest - now),
                )
            held[upload.upload_id] = epoch(upload.expires_at)
            mine = [self._update_open(maker, held, limits, now), self._put_upload(maker, upload, now)]
            try:
                transact(self.client, [*mine, *also])
            except ConditionsFailed as failed:
                check_effect(failed)
                continue  # another upload changed the open uploads
            except Contended:
                break
            return
        raise AccountContended("another request changed your uploads at the same time; send this request again")

    def find(self, maker: str, upload_id: str) -> Upload:
        upload = self._read(maker, upload_id)
        if upload is None:
            raise not_found(upload_id)
        return upload

    def count_check(self, maker: str, *, max_per_minute: int) -> None:
        now = self.now()
        for _ in range(TRIES):
            if self._change_checks(
                maker, now, "SET checks = checks + :one", "#minute >= :minute AND checks < :max", max_per_minute
            ):
                return
            if self._change_checks(
                maker,
                now,
                "SET #minute = :minute, checks = :one, expires_at = if_not_exists(expires_at, :until)",
                "attribute_not_exists(#minute) OR #minute < :minute",
            ):
                return
            if int(self._item(maker, "limits").get("checks", {"N": "0"})["N"]) >= max_per_minute:
                raise TooManyRequests(
                    f"your plan allows {max_per_minute} checks per minute; wait for the next minute",
                    retry_after_s=60 - now.second,
                )
        raise AccountContended("another request changed your uploads at the same time; send this request again")

    def _change_checks(
        self, maker: str, now: datetime, change: str, condition: str, max_checks: int | None = None
    ) -> bool:
        """Whether the minute's count changed so: where the condition holds."""
        values = {":one": number(1), ":minute": text(minute_of(now))}
        if max_checks is None:
            values[":until"] = epoch(now + LIMITS_KEPT)
        else:
            values[":max"] = number(max_checks)
        try:
            self.client.update_item(
                TableName=self.table,
                Key=key(maker, "limits"),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#minute": "minute"},
                ExpressionAttributeValues=values,
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def mark_ready(self, maker: str, upload_id: str, facts: Facts, expires_at: datetime) -> Upload:
        values: Any = {
            ":width": number(facts.width),
            ":height": number(facts.height),
            ":alpha": {"BOOL": facts.alpha},
            ":expires_at": epoch(expires_at),
            ":now": epoch(self.now()),
        }
        try:
            response = self.client.update_item(
                TableName=self.table,
                Key=key(maker, f"upload#{upload_id}"),
                UpdateExpression="SET width = :width, height = :height, alpha = :alpha, expires_at = :expires_at",
                ConditionExpression="attribute_not_exists(width) AND expires_at > :now",
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            upload = self.find(maker, upload_id)
            if upload.facts is None:
                raise not_found(upload_id) from None
            return upload
        self._release(maker, upload_id)
        return read_upload(response["Attributes"])

    def drop(self, maker: str, upload_id: str) -> None:
        response = self.client.delete_item(
            TableName=self.table, Key=key(maker, f"upload#{upload_id}"), ReturnValues="ALL_OLD"
        )
        self._release(maker, upload_id)
        if "Attributes" not in response:
            raise not_found(upload_id)

    def page(self, maker: str, limit: int, after: str | None) -> tuple[list[Upload], str | None]:
        """Up to `limit` uploads, newest first, and the position of the last one read, or None at the end.

        `after` is `<created_at>#<upload_id>`. A page can have fewer uploads than `limit`, because expired ones are
        skipped.
        """
        found: list[Upload] = []
        for _ in range(MAX_READS):
            start: Any = {}
            if after:
                item = f"upload#{after.rpartition('#')[2]}"
                start = {"ExclusiveStartKey": {**key(maker, item), "created": text(after)}}
            response = self.client.query(
                TableName=self.table,
                IndexName="newest",
                KeyConditionExpression="maker = :maker",
                FilterExpression="expires_at > :now",
                ExpressionAttributeValues={":maker": text(maker), ":now": epoch(self.now())},
                ScanIndexForward=False,
                Limit=limit - len(found),
                **start,
            )
            found += [read_upload(item) for item in response["Items"]]
            last = response.get("LastEvaluatedKey")
            after = last["created"]["S"] if last else None
            if after is None or len(found) == limit:
                break
        return found, after

    def _read(self, maker: str, upload_id: str) -> Upload | None:
        item = self._item(maker, f"upload#{upload_id}")
        upload = read_upload(item) if item else None
        return upload if upload and not is_expired(upload.expires_at, self.now()) else None

    def _item(self, maker: str, name: str) -> dict[str, Any]:
        response = self.client.get_item(TableName=self.table, Key=key(maker, name), ConsistentRead=True)
        return response.get("Item", {})

    def _put_upload(self, maker: str, upload: Upload, now: int) -> dict[str, Any]:
        """The write of an open upload. It fails if an upload with this id exists and has not expired."""
        created_at = timestamp(upload.created_at)
        item = {
            **key(maker, f"upload#{upload.upload_id}"),
            "created": text(f"{created_at}#{upload.upload_id}"),
            "created_at": text(created_at),
            "expires_at": epoch(upload.expires_at),
        }
        return {
            "Put": {
                "TableName": self.table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(maker) OR expires_at <= :now",
                "ExpressionAttributeValues": {":now": number(now)},
            }
        }

    def _update_open(self, maker: str, held: dict[str, Any], limits: dict[str, Any], now: int) -> dict[str, Any]:
        """The write of the open uploads. It fails if they changed since `limits` was read."""
        was = limits.get("writes")
        return {
            "Update": {
                "TableName": self.table,
                "Key": key(maker, "limits"),
                "UpdateExpression": "SET #open = :open, expires_at = :until ADD writes :one",
                "ConditionExpression": "writes = :was" if was else "attribute_not_exists(writes)",
                "ExpressionAttributeNames": {"#open": "open"},
                "ExpressionAttributeValues": {
                    ":open": {"M": held},
                    ":until": number(now + int(LIMITS_KEPT.total_seconds())),
                    ":one": number(1),
                    **({":was": was} if was else {}),
                },
            }
        }

    def _release(self, maker: str, upload_id: str) -> None:
        """Remove the upload from the open uploads. If this fails, it stops counting when it expires."""
        with contextlib.suppress(self.client.exceptions.ConditionalCheckFailedException):
            self.client.update_item(
                TableName=self.table,
                Key=key(maker, "limits"),
                UpdateExpression="REMOVE #open.#id ADD writes :one",
                ConditionExpression="attribute_exists(#open)",
                ExpressionAttributeNames={"#open": "open", "#id": upload_id},
                ExpressionAttributeValues={":one": number(1)},
            )


def key(maker: str, item: str) -> Any:
    return {"maker": text(maker), "item": text(item)}


def read_upload(item: Any) -> Upload:
    facts = None
    if "width" in item:
        facts = Facts(width=int(item["width"]["N"]), height=int(item["height"]["N"]), alpha=bool(item["alpha"]["BOOL"]))
    return Upload(
        upload_id=item["item"]["S"].removeprefix("upload#"),
        created_at=datetime.fromisoformat(item["created_at"]["S"]),
        expires_at=datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC),
        facts=facts,
    )


def not_found(upload_id: str) -> UploadNotFound:
    return UploadNotFound(f"you have no upload {upload_id}", field="upload_id")
