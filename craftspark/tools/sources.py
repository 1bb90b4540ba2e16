"""Source pictures: the pictures that a request names, found before a reservation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from craftspark.parsing.forms import form
from craftspark.tools.lineage import Lineage

# An image of the maker, an upload, or a published picture. All ids use the same letters.
REFERENCE = form(
    r"^([a-z2-7]{26}/[0-7]|(upload|picture)/[a-z2-7]{26})$",
    "JOB_ID/IMAGE with the number of the image from 0 to 7, upload/UPLOAD_ID or picture/PICTURE_ID",
)
UPLOAD, PICTURE = "upload", "picture"

Bucket = Literal["images", "uploads", "gallery"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source picture. Sizes are pixels. `bucket` and `key` are its location for the worker.

    `object_aspect` is the least height over width of the object in a cut-out. None if it is not known. `lineage` is
    that of the job which made the picture: everything made from it comes from the same pictures.
    """

    reference: str
    bucket: Bucket
    key: str
    width: int
    height: int
    alpha: bool = False
    object_aspect: float | None = None
    lineage: Lineage | None = None


class Sources(Protocol):
    """Finds source pictures."""

    def find(self, maker: str, reference: str, until: datetime, *, field: str) -> Source:
        """The maker's picture, which must last until the given time. `field` of the request names it.

        A published picture can be another maker's. Raises InvalidInput with the field. The message is the same for a
        picture that does not exist, is not ready or belongs to another maker, so that a reference reveals nothing.
        """


def picture_in(reference: str) -> str | None:
    """The ID of the published picture that a reference names, or None."""
    kind, _, name = reference.partition("/")
    return name if kind == PICTURE else None


def only(sources: Sequence[Source]) -> Source | None:
    """The source of a tool that uses one at most. None for a request without it, or if it is not known yet."""
    return sources[0] if sources else None
