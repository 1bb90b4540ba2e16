"""Makers as everybody sees them: the item `maker` of `author#<author>`.

It has the name, the first publication and the number of public pictures. A publication, a takedown and the like change
that number in their own transaction.

What a name holds is an item `name#<hold>` each, with the author who has it. It is written in the transaction that gives
the name, on the condition that nobody else has it, and deleted in the one that takes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from craftspark.aws.batches import read_items
from craftspark.aws.items import number, text, timestamp
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.errors import AccountContended, Contended, MakerNotFound, NameUnavailable
from craftspark.gallery.names import holds_of
from craftspark.gallery.pictures import Picture
from craftspark.gallery.profiles import NameRemoval, OwnProfile, Profile
from craftspark.jobs.idempotency import Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAKER, NAME = "maker", "name"
# What the name holds, and what the names held that administrators have removed from this maker: sets of texts.
HOLDS, REMOVED_HOLDS = "holds", "removed_holds"
REMOVAL = "removal"
TRIES = 3
Written = TypeVar("Written")


@dataclass(frozen=True, kw_only=True)
class ProfilesTable:
    """The profiles of makers."""

    client: DynamoDBClient
    table: str

    def find(self, author: str) -> Profile:
        """A maker who has published. Raises MakerNotFound."""
        item = self._get(author)
        if "since" not in item:
            raise MakerNotFound(f"there is no maker {author} who has published", field="author")
        return Profile(
            author=author,
            name=_name_in(item),
            since=datetime.fromisoformat(item["since"]["S"]),
            pictures=int(item["pictures"]["N"]),
        )

    def own(self, author: str) -> OwnProfile:
        return _own_profile(author, self._get(author))

    def rename(self, author: str, name: str) -> None:
        """Give a maker a name that looks like nobody else's. Raises NameUnavailable or AccountContended."""
        holds = holds_of(name)

        def write(item: dict[str, Any]) -> None:
            if holds & _set_in(item, REMOVED_HOLDS):
                raise NameUnavailable(
                    "an administrator has removed this name or one that looks like it; choose another one", field="name"
                )
            held = _set_in(item, HOLDS)
            change = self._change(
                author,
                item,
                f"SET #name = :new, {HOLDS} = :holds REMOVE {REMOVAL}",
                {":new": text(name), ":holds": {"SS": sorted(holds)}},
            )
            takes = [self._take(hold, author) for hold in sorted(holds - held)]
            try:
                transact(self.client, [change, *takes, *self._release(held - holds)])
            except ConditionsFailed as failed:
                if all(taken is None for taken in failed.items[1:]):
                    raise
                raise NameUnavailable(
                    "another maker has this name or one that looks like it; choose another one", field="name"
                ) from None

        self._decide(author, write)

    def remove_name(
        self, author: str, reason: str, at: datetime, also: Callable[[str], Sequence[Write]]
    ) -> tuple[OwnProfile, bool]:
        """Take a maker's name, for a reason that the maker sees. The maker cannot choose it again, others can.

        Returns the profile, and whether there was a name. The writes that `also` returns for that name are part of the
        transaction. Raises MakerNotFound for a maker who never had a name nor published, or AccountContended.
        """

        def write(item: dict[str, Any]) -> tuple[OwnProfile, bool]:
            if not item:
                raise MakerNotFound("this maker has no name and has not published", field="maker")
            name = _name_in(item)
            if name is None:
                return _own_profile(author, item), False
            held = _set_in(item, HOLDS) or holds_of(name)
            removal = NameRemoval(name=name, reason=reason, at=at)
            change = self._change(
                author,
                item,
                f"SET {REMOVAL} = :removal REMOVE #name, {HOLDS} ADD {REMOVED_HOLDS} :held",
                {":removal": text(_write_removal(removal)), ":held": {"SS": sorted(held)}},
            )
            transact(self.client, [change, *self._release(_set_in(item, HOLDS)), *also(name)])
            return OwnProfile(author=author, name=None, removal=removal), True

        return self._decide(author, write)

    def _decide(self, author: str, write: Callable[[dict[str, Any]], Written]) -> Written:
        """Write a change of a maker's item, on another decision if it was changed meanwhile. Raises AccountContended.

        `write` raises ConditionsFailed if the item is not any more as it was given.
        """
        with suppress(Contended):
            for _ in range(TRIES):
                with suppress(ConditionsFailed):
                    return write(self._get(author))
        raise AccountContended("another request changed the name at the same time; send this request again")

    def _change(self, author: str, item: dict[str, Any], expression: str, values: dict[str, Any]) -> Write:
        """The write that changes a maker who still has the name of `item`."""
        old = item.get(NAME)
        update = {
            "TableName": self.table,
            "Key": _key(author),
            "UpdateExpression": expression,
            "ConditionExpression": "#name = :old" if old else "attribute_not_exists(#name)",
            "ExpressionAttributeNames": {"#name": NAME},
            "ExpressionAttributeValues": {**values, **({":old": old} if old else {})},
        }
        return {"Update": update}

    def _take(self, hold: str, author: str) -> Write:
        put = {
            "TableName": self.table,
            "Item": {**_hold_key(hold), "author": text(author)},
            "ConditionExpression": "attribute_not_exists(author)",
        }
        return {"Put": put}

    def _release(self, holds: Iterable[str]) -> list[Write]:
        return [{"Delete": {"TableName": self.table, "Key": _hold_key(hold)}} for hold in sorted(holds)]

    def _get(self, author: str) -> dict[str, Any]:
        return self.client.get_item(TableName=self.table, Key=_key(author), ConsistentRead=True).get("Item", {})


def names_of(client: DynamoDBClient, table: str, authors: Iterable[str]) -> dict[str, str]:
    """The names of makers, by author, of those who have chosen one."""
    items = read_items(client, table, [_key(author) for author in dict.fromkeys(authors)])
    return {item["key"]["S"].partition("#")[2]: name for item in items if (name := _name_in(item))}


def count_picture(table: str, picture: Picture, step: int) -> Any:
    """The write that counts a picture at its maker, for the transaction that shows or hides it."""
    update = {
        "TableName": table,
        "Key": _key(picture.author),
        "UpdateExpression": "ADD pictures :step SET since = if_not_exists(since, :since)",
        "ExpressionAttributeValues": {":step": number(step), ":since": text(timestamp(picture.published_at))},
    }
    return {"Update": update}


def _key(author: str) -> Any:
    return {"key": text(f"author#{author}"), "item": text(MAKER)}


def _hold_key(hold: str) -> Any:
    return {"key": text(f"name#{hold}"), "item": text(NAME)}


def _name_in(item: dict[str, Any]) -> str | None:
    return item[NAME]["S"] if NAME in item else None


def _set_in(item: dict[str, Any], name: str) -> frozenset[str]:
    return frozenset(item[name]["SS"]) if name in item else frozenset()


def _own_profile(author: str, item: dict[str, Any]) -> OwnProfile:
    removal = _read_removal(item[REMOVAL]["S"]) if REMOVAL in item else None
    return OwnProfile(author=author, name=_name_in(item), removal=removal)


def _write_removal(removal: NameRemoval) -> str:
    return json.dumps({"name": removal.name, "reason": removal.reason, "at": timestamp(removal.at)})


def _read_removal(kept: str) -> NameRemoval:
    facts = json.loads(kept)
    return NameRemoval(name=facts["name"], reason=facts["reason"], at=datetime.fromisoformat(facts["at"]))
