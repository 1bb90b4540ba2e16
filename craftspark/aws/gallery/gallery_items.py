"""The items of the gallery's table.

| partition key | sort key | content |
|---|---|---|
| `picture#<id>` | `picture` | everything about a picture; `hidden_by` while it is not public |
| `picture#<id>` | `tally` | how many likes it has |
| `<feed>#<period>#<copy>` | position | a row of a feed |
| `hot`, `hot:<tool>` | `<score>#<id>` | a candidate for the popular pictures |
| `own#<maker>` | position | a picture of a maker, public or not |
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from craftspark.aws.items import text, timestamp
from craftspark.gallery.feeds import feeds_of, position_of
from craftspark.gallery.pictures import Picture
from craftspark.gallery.popular import rankings_of, score_of

PICTURE, TALLY = "picture", "tally"
# Why a picture is not public: a set of reasons, which exists only while there is one.
HIDDEN = "hidden_by"
RANK = "likes_rank"
# What a row leaves out: no list shows it.
NOT_LISTED = ("recipe", "words")


def picture_key(picture_id: str, item: str = PICTURE) -> Any:
    return {"key": text(f"{PICTURE}#{picture_id}"), "item": text(item)}


def own_key(picture: Picture) -> Any:
    """The key of a picture in the list of its maker, who sees it there while it is hidden, too."""
    position = position_of(picture.picture_id, timestamp(picture.published_at))
    return {"key": text(f"own#{picture.maker}"), "item": text(position)}


def rows_of(picture: Picture, rank: int) -> Iterator[Any]:
    """The keys of the rows that a picture has while it is public."""
    published_at = timestamp(picture.published_at)
    for feed in feeds_of(picture):
        for copy in range(feed.copies):
            yield {
                "key": text(feed.partition(feed.period_of(published_at), copy)),
                "item": text(position_of(picture.picture_id, published_at)),
            }
    yield from candidates_of(picture, rank)


def candidates_of(picture: Picture, rank: int) -> Iterator[Any]:
    """The keys of the rows by which a picture can become popular."""
    for ranking in rankings_of(picture):
        score = score_of(rank, picture.published_at)
        yield {"key": text(ranking.candidates), "item": text(f"{score}#{picture.picture_id}")}


def is_public(item: Mapping[str, Any]) -> bool:
    """Whether everybody may see the picture of an item."""
    return HIDDEN not in item


def write_picture(picture: Picture) -> Any:
    """What the item of a picture has in addition to its key."""
    return {"folder": text(picture.folder), "facts": _write(asdict(picture))}


def write_row(picture: Picture) -> Any:
    """What a row has in addition to its key."""
    return {"facts": _write({name: value for name, value in asdict(picture).items() if name not in NOT_LISTED})}


def read_picture(item: Mapping[str, Any]) -> Picture:
    """The picture of its item or of a row."""
    facts = {"recipe": {}, "words": None, **json.loads(item["facts"]["S"])}
    facts["published_at"] = datetime.fromisoformat(facts["published_at"])
    facts["tags"] = tuple(facts["tags"])
    return Picture(**facts)


def _write(facts: dict[str, Any]) -> Any:
    facts["published_at"] = timestamp(facts["published_at"])
    return text(json.dumps(facts, ensure_ascii=False, separators=(",", ":")))
