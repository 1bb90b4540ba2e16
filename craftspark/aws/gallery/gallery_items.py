"""The items of the gallery's table.

| partition key | sort key | content |
|---|---|---|
| `picture#<id>` | `picture` | everything about a picture; `hidden_by` while it is not public |
| `picture#<id>` | `tally` | how many likes it has |
| `picture#<id>` | `remixes` | how many public remixes it has |
| `picture#<id>` | `remix#<position>` | a row: a remix of the picture |
| `<feed>#<period>#<copy>` | position | a row of a feed |
| `hot`, `hot:<tool>` | `<score>#<id>` | a candidate for the popular pictures |
| `author#<author>` | `maker` | see `profiles_table.py` |
| `own#<maker>` | position | a picture of a maker, public or not |
| `own#<maker>` | `standing` | whether the maker is suspended |
| `picture#<id>` | `report#<maker>`, `review` | see `reports_table.py` |
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from craftspark.aws.gallery.profiles_table import count_picture
from craftspark.aws.items import number, text, timestamp
from craftspark.gallery.feeds import feeds_of, position_of
from craftspark.gallery.pictures import Picture
from craftspark.gallery.popular import rankings_of, score_of
from craftspark.gallery.review import Appeal, KeptPicture, Takedown

PICTURE, TALLY, STANDING, REMIXES, REMIX = "picture", "tally", "standing", "remixes", "remix#"
# Why a picture is not public: a set of reasons, which exists only while there is one.
HIDDEN = "hidden_by"
RANK = "likes_rank"
# How many likes the lists show: an attribute of the picture and of each of its rows.
LIKES = "likes_shown"
TAKEDOWN_FACTS, APPEAL = "takedown", "appeal"
CHANGED = "another request changed the picture; send this request again"
# What a row leaves out: no list shows it.
NOT_LISTED = ("recipe", "words", "ancestors", "root", "bound")
# What is an attribute, because it changes.
NOT_A_FACT = ("likes",)


def picture_key(picture_id: str, item: str = PICTURE) -> Any:
    return {"key": text(f"{PICTURE}#{picture_id}"), "item": text(item)}


def own_key(picture: Picture) -> Any:
    """The key of a picture in the list of its maker, who sees it there while it is hidden, too."""
    position = position_of(picture.picture_id, timestamp(picture.published_at))
    return {"key": text(f"own#{picture.maker}"), "item": text(position)}


def standing_key(maker: str) -> Any:
    return {"key": text(f"own#{maker}"), "item": text(STANDING)}


def standing_write(table: str, maker: str, at: datetime, *, suspended: bool) -> Any:
    """The write that says whether a maker is suspended, for the transaction that changes it."""
    item = {
        **standing_key(maker),
        "changed_at": text(timestamp(at)),
        **({"suspended": {"BOOL": True}} if suspended else {}),
    }
    return {"Put": {"TableName": table, "Item": item}}


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
    if picture.parent:
        yield picture_key(picture.parent, f"{REMIX}{position_of(picture.picture_id, published_at)}")


def counts_of(table: str, picture: Picture, step: int) -> list[Any]:
    """The writes that count a picture at its maker and its parent, for the transaction that shows or hides it."""
    return [count_picture(table, picture, step), *_count_remix(table, picture, step)]


def _count_remix(table: str, picture: Picture, step: int) -> list[Any]:
    if picture.parent is None:
        return []
    update = {
        "TableName": table,
        "Key": picture_key(picture.parent, REMIXES),
        "UpdateExpression": "ADD remixes :step",
        "ExpressionAttributeValues": {":step": number(step)},
    }
    return [{"Update": update}]


def check_lineage(table: str, picture: Picture) -> list[Any]:
    """The checks that nobody has taken down a picture that this one comes from, for the transaction that publishes it.

    They are in the order of `Picture.lineage`, which has up to MAX_ANCESTORS and the root.
    """
    return [
        {
            "ConditionCheck": {
                "TableName": table,
                "Key": picture_key(picture_id),
                "ConditionExpression": f"attribute_not_exists({TAKEDOWN_FACTS})",
            }
        }
        for picture_id in picture.lineage
    ]


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
    return {"folder": text(picture.folder), LIKES: number(picture.likes), "facts": _write(asdict(picture))}


def write_row(picture: Picture) -> Any:
    """What a row has in addition to its key."""
    facts = {name: value for name, value in asdict(picture).items() if name not in NOT_LISTED}
    return {LIKES: number(picture.likes), "facts": _write(facts)}


def show_likes(table: str, key: Any, likes: int) -> Any:
    """The write that changes how many likes a row shows. It fails if there is no such row."""
    update = {
        "TableName": table,
        "Key": key,
        "UpdateExpression": f"SET {LIKES} = :likes",
        "ConditionExpression": "attribute_exists(facts)",
        "ExpressionAttributeValues": {":likes": number(likes)},
    }
    return {"Update": update}


def read_picture(item: Mapping[str, Any]) -> Picture:
    """The picture of its item or of a row."""
    facts = {"recipe": {}, "words": None, **json.loads(item["facts"]["S"])}
    facts["published_at"] = datetime.fromisoformat(facts["published_at"])
    for name in ("tags", "ancestors"):
        facts[name] = tuple(facts.get(name, ()))
    return Picture(**facts, likes=int(item[LIKES]["N"]) if LIKES in item else 0)


def read_kept(item: Mapping[str, Any]) -> KeptPicture:
    """The picture of its item, with the decisions about it."""
    return KeptPicture(
        picture=read_picture(item),
        rank=int(item[RANK]["N"]),
        hidden_by=frozenset(item[HIDDEN]["SS"]) if HIDDEN in item else frozenset(),
        takedown=Takedown.parse(item[TAKEDOWN_FACTS]["S"]) if TAKEDOWN_FACTS in item else None,
        appeal=Appeal.parse(item[APPEAL]["S"]) if APPEAL in item else None,
    )


def _write(facts: dict[str, Any]) -> Any:
    for name in NOT_A_FACT:
        facts.pop(name)
    facts["published_at"] = timestamp(facts["published_at"])
    return text(json.dumps(facts, ensure_ascii=False, separators=(",", ":")))
