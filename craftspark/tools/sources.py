"""Source pictures: what a request means by its `source`, looked up before anything is reserved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

# An own image, or an upload. Both ids are written in the same letters.
REFERENCE = r"^([a-z2-7]{26}/[0-7]|upload/[a-z2-7]{26})$"
UPLOAD = "upload"

Bucket = Literal["images", "uploads"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A picture to begin from. Sizes are pixels; `bucket` and `key` are where the worker finds it."""

    reference: str
    bucket: Bucket
    key: str
    width: int
    height: int
    alpha: bool = False


class Sources(Protocol):
    """Where pictures to begin from are found."""

    def find(self, maker: str, reference: str, until: datetime) -> Source:
        """The maker's picture, which will be there until then.

        Raises InvalidInput that names the field: for what is not there, not ready or another maker's, in the same
        words, so that references tell nothing.
        """
