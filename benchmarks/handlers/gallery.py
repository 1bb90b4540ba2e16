"""`feed_read_units_per_page`: the read units that a page of the gallery's lists takes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.entries import Entry
from benchmarks.handlers.tables import create_gallery_table
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.gallery.popular_table import PopularTable
from craftspark.gallery.feeds import Feed
from craftspark.gallery.pictures import Picture, author_of, picture_id_of
from craftspark.gallery.popular import Ranking
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.emulator_process import EmulatorProcess
from local_cloud.launcher.state import StateDir

PICTURES, PAGE, PAGES, GOAL = 240, 24, 8, 2.5
UNIT_BYTES = 4096
TABLE, TAG = "gallery", "autumn fruit"
NOW = datetime(2026, 12, 20, 12, tzinfo=UTC)

Page = Callable[[str | None], tuple[list[Picture], str | None]]


def measure() -> list[Entry]:
    """Walk through the lists of an emulator, and take the one with the most units per page.

    The units are computed from the items of each query: the emulator does not count them. Titles and tags have a usual
    length.
    """
    with running_table() as client:
        table = GalleryTable(client=client, table=TABLE, now=lambda: NOW)
        for number in range(PICTURES):
            table.add(a_picture(number))
        popular = PopularTable(client=client, table=TABLE, now=lambda: NOW)
        popular.make_snapshot(Ranking())
        lists: dict[str, Page] = {
            "newest": lambda after: table.page(Feed("newest"), PAGE, after),
            "tool": lambda after: table.page(Feed("tool", "picture"), PAGE, after),
            "tag": lambda after: table.page(Feed("tag", TAG), PAGE, after),
            "author": lambda after: table.page(Feed("author", author_of("maker-1")), PAGE, after),
            "popular": lambda after: popular.page(Ranking(), PAGE, after),
        }
        units = {name: list(read_pages(client, page)) for name, page in lists.items()}
        row_bytes = len(table.client.query(**first_row())["Items"][0]["facts"]["S"].encode())
    found = {name: mean(each) for name, each in units.items()}
    worst = max(found, key=lambda name: found[name])
    return [
        Entry(
            name="feed_read_units_per_page",
            value=round(found[worst], 3),
            goal=GOAL,
            better="lower",
            unit="read units",
            samples=units[worst],
            beside={
                "list": worst,
                **{f"{name}, units per page": round(value, 3) for name, value in found.items()},
                "bytes of a row": row_bytes,
                "pictures of a page": PAGE,
            },
        )
    ]


def read_pages(client: Any, page: Page) -> Iterator[float]:
    """The read units of each full page."""
    after = None
    for _ in range(PAGES):
        with counting(client) as units:
            pictures, after = page(after)
        if len(pictures) == PAGE:
            yield sum(units)
        if after is None:
            return


@contextmanager
def counting(client: Any) -> Iterator[list[float]]:
    """The units of each query, by DynamoDB's rule: half a unit per 4 KB, since all lists are read eventually."""
    units: list[float] = []

    def collect(parsed: dict[str, Any], **_: Any) -> None:
        size = sum(map(item_bytes, parsed["Items"]))
        units.append(max(1, ceil(size / UNIT_BYTES)) / 2)

    client.meta.events.register("after-call.dynamodb.Query", collect)
    try:
        yield units
    finally:
        client.meta.events.unregister("after-call.dynamodb.Query", collect)


def item_bytes(item: dict[str, Any]) -> int:
    """The size of an item of texts, as DynamoDB counts it: the names and the values in UTF-8."""
    return sum(len(name.encode()) + len(str(next(iter(value.values()))).encode()) for name, value in item.items())


@contextmanager
def running_table() -> Iterator[Any]:
    """The client of an emulator with an empty table of the gallery."""
    with TemporaryDirectory() as folder:
        emulator = EmulatorProcess.start(StateDir.at(Path(folder)), port=0, commands={}, attached=True)
        try:
            client = Clients(emulator.record.endpoint)["dynamodb"]
            create_gallery_table(client, TABLE)
            yield client
        finally:
            emulator.stop()


def a_picture(number: int) -> Picture:
    """One of many pictures of one maker, who publishes one per hour."""
    picture_id, at = picture_id_of(f"job-{number}", 0), NOW - timedelta(hours=number)
    return Picture(
        picture_id=picture_id,
        maker="maker-1",
        job_id=picture_id_of(f"job-{number}", 1),
        index=0,
        tool="picture",
        model="craftspark-clipart-128",
        title=f"A red apple on a wooden table, number {number}",
        tags=("apple", TAG, "kitchen", "still life"),
        licence="cc-by-4.0",
        width=1024,
        height=1024,
        alpha=False,
        seed=number,
        recipe={"size": "1024x1024", "steps": 30, "guidance": 7.5, "preset": "watercolour"},
        words={"prompt": "a red apple on a wooden table, soft light"},
        published_at=at,
        folder=f"pictures/{picture_id}/{picture_id_of('folder', number)}",
    )


def first_row() -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "KeyConditionExpression": "#key = :key",
        "ExpressionAttributeNames": {"#key": "key"},
        "ExpressionAttributeValues": {":key": {"S": Feed("newest").partition("2026-12", 0)}},
        "Limit": 1,
    }
