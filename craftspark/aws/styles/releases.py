"""Styles in the styles table: releases, registered versions, and the tallies of trials.

A style's partition holds its release (`item` = "release"), one item per registered version ("version#2"), and the
tallies of each trial ("trial#<training>#<version>#<shard>").
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import Item, number, text
from craftspark.errors.styles import StyleUnknown
from craftspark.jobs.job import Job, JobRecord, JobState
from craftspark.styles.releases import Release

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RELEASE = "release"
# Shards make write conflicts rare between jobs that are settled at the same time.
TALLY_SHARDS = 16
# The maximum age of the release that a job is pinned by, in seconds.
FRESH_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Releases:
    """Releases for submissions. Each style is read at most once per FRESH_S seconds."""

    client: DynamoDBClient
    table: str
    now: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, Release]] = field(default_factory=dict)

    def find(self, style: str) -> Release:
        """The style's release. Raises StyleUnknown, which is not cached because the style can be registered at any
        time.
        """
        read_at, release = self._known.get(style, (float("-inf"), None))
        if release is None or self.now() - read_at > FRESH_S:
            release = read_style(self.client, self.table, style)
            self._known[style] = (self.now(), release)
        return release


@dataclass(frozen=True, kw_only=True)
class StableVersions:
    """The stable versions of styles, read again each time."""

    client: DynamoDBClient
    table: str

    def stable(self, style: str) -> str:
        """See craftspark.styles.trainings.Releases."""
        try:
            return read_style(self.client, self.table, style).stable
        except StyleUnknown:
            return ""


def style_key(style: str, item: str = RELEASE) -> Item:
    return {"style": text(style), "item": text(item)}


def read_style(client: DynamoDBClient, table: str, style: str) -> Release:
    """The style's release, read by key. Raises StyleUnknown."""
    item = client.get_item(TableName=table, Key=style_key(style), ConsistentRead=True).get("Item")
    if item is None:
        raise StyleUnknown(f"there is no style {style}", field="style")
    until = item.get("canary_until")
    return Release(
        style=style,
        model=item["model"]["S"],
        stable=item.get("stable", {}).get("S", ""),
        earlier=tuple(version["S"] for version in item.get("earlier", {}).get("L", ())),
        canary=item.get("canary", {}).get("S", ""),
        share=int(item.get("share", {}).get("N", 0)),
        trial=item.get("trial", {}).get("S", ""),
        canary_until=datetime.fromtimestamp(int(until["N"]), UTC) if until else None,
    )


def tally_of(table: str, ended: Job, record: JobRecord) -> list[dict[str, Any]]:
    """The write that counts a job of a trial, for the transaction that ends the job. Empty for other jobs.

    A cancelled job is not counted, because it says nothing about the version.
    """
    pin = ended.pin
    if pin is None or not pin.trial or ended.state is JobState.CANCELLED:
        return []
    shard = sum(ended.job_id.encode()) % TALLY_SHARDS
    update = {
        "TableName": table,
        "Key": style_key(pin.style, f"trial#{pin.trial}#{pin.version}#{shard}"),
        "UpdateExpression": "ADD jobs :one, images :images, #failed :failed, render_s :render_s",
        "ExpressionAttributeNames": {"#failed": "failed"},
        "ExpressionAttributeValues": {
            ":one": number(1),
            ":images": number(ended.count),
            ":failed": number(len(ended.failures)),
            ":render_s": number(round(sum(image.render_s for image in record.images.values()), 3)),
        },
    }
    return [{"Update": update}]
