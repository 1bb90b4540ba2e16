"""The lists of the gallery: the order of pictures, and walks through them while others publish and take back."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.errors import PictureAlreadyPublished, PictureNotFound
from craftspark.gallery.feeds import COPIES, Feed, feeds_of
from craftspark.gallery.pictures import Picture, author_of, picture_id_of
from tests.aws.conftest import GALLERY_RECORDS

pytestmark = pytest.mark.usefixtures("gallery_settings")

START = datetime(2026, 12, 30, 12, tzinfo=UTC)


def a_picture(number: int, at: datetime, **changes: Any) -> Picture:
    picture_id = picture_id_of(f"{number}", 0)
    facts: dict[str, Any] = {
        "picture_id": picture_id,
        "maker": f"maker-{number % 3}",
        "job_id": "a" * 26,
        "index": 0,
        "tool": ("picture", "pattern")[number % 2],
        "model": "m",
        "title": f"Number {number}",
        "tags": ("apple",) if number % 5 == 0 else (),
        "licence": "personal",
        "width": 8,
        "height": 8,
        "alpha": False,
        "seed": number,
        "recipe": {},
        "words": None,
        "published_at": at,
        "folder": f"pictures/{picture_id}/{at.timestamp()}",
    }
    return Picture(**{**facts, **changes})


def table_at(now: datetime, copy: int = 0) -> GalleryTable:
    return GalleryTable(
        client=clients.dynamodb(), table=GALLERY_RECORDS, now=lambda: now, choose=lambda copies: copy % copies
    )


FEEDS = (Feed("newest"), Feed("tool", "pattern"), Feed("tag", "apple"), Feed("author", author_of("maker-1")))


def test_a_walk_shows_each_older_picture_once_while_others_publish_and_take_back() -> None:
    """20 readers of four feeds, and five makers who publish and take back, in any order.

    The pictures are of five months, two at the same moment in every case.
    """
    chance = random.Random(7)
    before = [a_picture(number, START + timedelta(days=number // 2 * 12)) for number in range(10)]
    now = START + timedelta(days=70)
    for picture in before:
        table_at(now).add(picture)
    readers = [Reader(feed, copy) for copy in range(5) for feed in FEEDS]
    left = list(before)
    acts: list[Any] = 3 * list(range(5))  # each of five makers acts three times
    while walking := [reader for reader in readers if not reader.ended]:
        actor = chance.choice([*walking, *acts])
        if isinstance(actor, Reader):
            actor.read(table_at(now, copy=chance.randrange(COPIES)))
            continue
        acts.remove(actor)
        if chance.random() < 0.4:
            table_at(now).remove(left.pop(chance.randrange(len(left))))
        else:
            table_at(now).add(a_picture(100 + len(acts), now + timedelta(seconds=len(acts))))

    for reader in readers:
        older = {picture.picture_id for picture in before if reader.feed in feeds_of(picture)}
        assert len(reader.shown) == len(set(reader.shown))
        assert older & {picture.picture_id for picture in left} <= set(reader.shown) <= older


class Reader:
    """A visitor who walks through a feed in pages of three."""

    def __init__(self, feed: Feed, number: int) -> None:
        self.feed, self.number = feed, number
        self.shown: list[str] = []
        self.position: str | None = None
        self.ended = False

    def read(self, table: GalleryTable) -> None:
        """Read the next page, of any copy."""
        pictures, self.position = table.page(self.feed, 3, self.position)
        assert len(pictures) <= 3
        self.shown += [picture.picture_id for picture in pictures]
        self.ended = self.position is None


def test_a_page_skips_empty_months_and_ends_at_the_first() -> None:
    old = a_picture(1, datetime(2026, 11, 28, tzinfo=UTC))
    table_at(START).add(old)
    now = datetime(2029, 3, 1, tzinfo=UTC)

    pages, after = [], None
    while True:
        pictures, after = table_at(now).page(Feed("newest"), 4, after)
        pages.append([picture.picture_id for picture in pictures])
        if after is None:
            break

    assert [page for page in pages if page] == [[old.picture_id]]
    assert len(pages) == 3  # of up to 12 months each


def test_every_copy_of_a_list_has_every_picture() -> None:
    table_at(START).add(a_picture(1, START))

    found = [len(table_at(START + timedelta(days=1), copy).page(Feed("newest"), 4, None)[0]) for copy in range(COPIES)]

    assert found == [1] * COPIES


def test_a_picture_is_added_and_removed_once() -> None:
    table, picture = table_at(START), a_picture(1, START)
    table.add(picture)

    with pytest.raises(PictureAlreadyPublished):
        table.add(a_picture(1, START + timedelta(days=1)))
    table.remove(picture)
    with pytest.raises(PictureNotFound):
        table.remove(picture)
