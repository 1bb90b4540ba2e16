"""Uploads: pictures that makers bring, taken in at an address of their own and used only once they are checked."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from craftspark.errors import UploadNotFound
from craftspark.jobs import JOB_ID_LENGTH

LARGEST_BYTES = 25 * 1024 * 1024

ContentType = Literal["image/png", "image/jpeg", "image/webp"]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A clean picture: a PNG of 8 bits a channel in sRGB without metadata. Sizes are pixels."""

    png: bytes
    width: int
    height: int
    alpha: bool


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A picture that was checked and is ready to be a source. Sizes are pixels."""

    upload_id: str
    width: int
    height: int
    alpha: bool
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class PostForm:
    """Where a browser posts a file to, and the fields that go before the file."""

    url: str
    fields: dict[str, str]


class UploadStore(Protocol):
    """A bucket that takes pictures in and keeps those that were checked."""

    def form(self, incoming: str, content_type: str, largest_bytes: int) -> PostForm:
        """A form that lets its holder put one object of this type and at most so many bytes."""

    def incoming(self, key: str, largest_bytes: int) -> bytes | None:
        """What came in; None where nothing did. Raises InvalidInput for more than `largest_bytes`."""

    def keep(self, key: str, picture: Picture) -> None:
        """Keep a clean picture; where there is one already, that one stays."""

    def find(self, key: str, upload_id: str) -> Upload | None:
        """The clean picture's facts; None where there is none."""


Clean = Callable[[bytes], Picture]


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """The use cases around uploads. A maker's are under a key that nobody else's request leads to."""

    store: UploadStore

    def form(self, maker: str, upload_id: str, content_type: str) -> PostForm:
        """The form to send the picture with."""
        return self.store.form(incoming_key(maker, upload_id), content_type, LARGEST_BYTES)

    def check(self, maker: str, upload_id: str, clean: Clean) -> Upload:
        """Check what came in and keep it clean; a checked upload never changes and answers itself.

        Raises UploadNotFound where nothing came in, and what `clean` raises.
        """
        key = upload_key(maker, upload_id)
        if found := self.store.find(key, upload_id):
            return found
        content = self.store.incoming(incoming_key(maker, upload_id), LARGEST_BYTES)
        if content is None:
            raise UploadNotFound("nothing was uploaded under this id yet; post the picture first", field="upload_id")
        self.store.keep(key, clean(content))
        found = self.store.find(key, upload_id)
        if found is None:
            raise UploadNotFound("the upload expired while it was checked; send it again", field="upload_id")
        return found


def folder_of(maker: str) -> str:
    """A maker's folder: of fixed length, and telling nothing of the maker."""
    return hashlib.sha256(maker.encode()).hexdigest()[: 2 * JOB_ID_LENGTH]


def incoming_key(maker: str, upload_id: str) -> str:
    """Where the uploads bucket takes a picture in."""
    return f"incoming/{folder_of(maker)}/{upload_id}"


def upload_key(maker: str, upload_id: str) -> str:
    """Where the uploads bucket keeps a checked picture."""
    return f"pictures/{folder_of(maker)}/{upload_id}.png"
