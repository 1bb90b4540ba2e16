"""Published pictures as sources and parents of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.aws.batches import read_most
from craftspark.aws.gallery.gallery_items import TAKEDOWN_FACTS, is_public, picture_key, read_picture
from craftspark.errors import InvalidInput
from craftspark.gallery.pictures import Picture, may_remix, strictest_licence
from craftspark.gallery.publishing import PICTURE_FILE
from craftspark.tools.lineage import MAX_ANCESTORS, Lineage
from craftspark.tools.sources import PICTURE, Source

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class OriginTable:
    """See craftspark.tools.lineage.Origins."""

    client: DynamoDBClient
    table: str

    def find(self, maker: str, picture_id: str, *, field: str) -> Lineage:
        picture = self._find(maker, picture_id, field)
        foreign = picture.licence if picture.maker != maker else None
        return Lineage(
            ancestors=(picture_id, *picture.ancestors)[:MAX_ANCESTORS],
            root=picture.root or picture_id,
            bound=strictest_licence([picture.bound, foreign]),
        )

    def strictest(self, bounds: Sequence[str | None]) -> str | None:
        return strictest_licence(bounds)

    def may_publish(self, lineage: Lineage) -> bool:
        """See Origins. A publication checks it again, so this needs no consistent read."""
        keys = [picture_key(picture_id) for picture_id in lineage.pictures]
        found = read_most(self.client, self.table, keys, fields=TAKEDOWN_FACTS)
        return not any(TAKEDOWN_FACTS in item for item in found)

    def find_source(self, maker: str, picture_id: str, *, field: str) -> Source:
        """A public picture as a source. Raises InvalidInput."""
        picture = self._find(maker, picture_id, field)
        return Source(
            reference=f"{PICTURE}/{picture_id}",
            bucket="gallery",
            key=f"{picture.folder}/{PICTURE_FILE}",
            width=picture.width,
            height=picture.height,
            alpha=picture.alpha,
        )

    def _find(self, maker: str, picture_id: str, field: str) -> Picture:
        """A public picture that the maker may remix."""
        item = self.client.get_item(TableName=self.table, Key=picture_key(picture_id), ConsistentRead=True).get("Item")
        if item is None or not is_public(item):
            raise InvalidInput(f"there is no public picture {picture_id}; choose another one", field=field)
        picture = read_picture(item)
        if not may_remix(picture, maker):
            raise InvalidInput(
                f"the licence of picture {picture_id} allows private use only; choose another one", field=field
            )
        return picture
