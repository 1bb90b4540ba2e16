"""Source pictures: the picture for `source` in a request, found before a reservation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

# An image of the maker, or an upload. Both ids use the same letters.
REFERENCE = r"^([a-z2-7]{26}/[0-7]|upload/[a-z2-7]{26})$"
UPLOAD = "upload"

Bucket = Literal["images", "uploads"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source picture. Sizes are pixels. `bucket` and `key` are its location for the worker."""

    reference: str
    bucket: Bucket
    key: str
    width: int
    height: int
    alpha: bool = False


class Sources(Protocol):
    """Finds source pictures."""

    def find(self, maker: str, reference: str, until: datetime) -> Source:
        """The maker's picture, which must last until the given time.

        Raises InvalidInput with the field. The message is the same for a picture that does not exist, is not ready or
        belongs to another maker, so that a reference reveals nothing.
        """
