"""Uploads: pictures that makers send to a separate address, and that jobs can use after a check."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from craftspark.accounts.plans import Plan
from craftspark.clock import utc_now
from craftspark.errors import UploadNotFound
from craftspark.jobs.idempotency import Write
from craftspark.jobs.job import JOB_ID_LENGTH

MAX_UPLOAD_BYTES = 25 * 1024 * 1024
# From the creation to the check. The form itself is valid for 15 minutes.
OPEN_LASTS = timedelta(hours=1)

ContentType = Literal["image/png", "image/jpeg", "image/webp"]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts of a checked picture. Sizes are pixels."""

    width: int
    height: int
    alpha: bool


@dataclass(frozen=True, kw_only=True)
class CleanPicture:
    """A clean picture: a PNG with 8 bits per channel in sRGB without metadata, and its thumbnail. Sizes are pixels."""

    png: bytes
    thumbnail_webp: bytes
    width: int
    height: int
    alpha: bool

    @property
    def facts(self) -> Facts:
        return Facts(width=self.width, height=self.height, alpha=self.alpha)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One upload: open until it is checked, then ready as a source, with `facts`."""

    upload_id: str
    created_at: datetime
    expires_at: datetime
    facts: Facts | None = None


@dataclass(frozen=True, kw_only=True)
class PostForm:
    """The URL to which a browser posts a file, and the form fields before the file."""

    url: str
    fields: dict[str, str]


class UploadStore(Protocol):
    """A bucket that receives pictures and stores checked ones."""

    def form(self, incoming: str, content_type: str, max_bytes: int) -> PostForm:
        """A form that allows its holder to store one object of this type and at most `max_bytes`."""

    def read_incoming(self, key: str, max_bytes: int) -> bytes | None:
        """The uploaded file, or None if there is none. Raises InvalidInput for more than `max_bytes`."""

    def keep(self, key: str, png: bytes) -> bytes | None:
        """Store a clean picture. If there is one already, that stays and is returned instead."""

    def keep_thumbnail(self, key: str, webp: bytes) -> None:
        """Store the thumbnail of the picture that is kept."""

    def drop(self, *keys: str) -> None:
        """Delete objects, if they exist."""


class UploadRecords(Protocol):
    """The records of uploads. Expired uploads are not found, even if they are not deleted yet."""

    def open(self, maker: str, upload: Upload, *, max_open: int, also: Sequence[Write] = ()) -> None:
        """Record an open upload, in one transaction with the writes in `also`.

        Raises TooManyOpenUploads if the maker has `max_open` open uploads, EffectExists if the id exists or another
        write fails.
        """

    def find(self, maker: str, upload_id: str) -> Upload:
        """The maker's upload; raises UploadNotFound."""

    def count_check(self, maker: str, *, max_per_minute: int) -> None:
        """Count a check. Raises TooManyRequests after `max_per_minute` checks in this minute."""

    def mark_ready(self, maker: str, upload_id: str, facts: Facts, expires_at: datetime) -> Upload:
        """Make an upload ready. A ready upload does not change. Raises UploadNotFound if it is gone."""

    def drop(self, maker: str, upload_id: str) -> None:
        """Delete the record of an upload. Raises UploadNotFound."""


Clean = Callable[[bytes], CleanPicture]
PlanOf = Callable[[str], Plan]


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """The use cases of uploads. Keys are derived from the maker, so a request cannot reach another maker's uploads.

    `plan_of` returns a maker's plan. A checked picture lasts for `kept` from the creation of its upload. The bucket
    deletes it later than that, because it is stored later.
    """

    store: UploadStore
    records: UploadRecords
    plan_of: PlanOf
    kept: timedelta
    now: Callable[[], datetime] = utc_now

    def open(self, maker: str, upload_id: str, writes: Sequence[Write] = ()) -> Upload:
        """Create an upload, in one transaction with `writes`. Raises TooManyOpenUploads or EffectExists."""
        now = self.now()
        upload = Upload(upload_id=upload_id, created_at=now, expires_at=now + OPEN_LASTS)
        self.records.open(maker, upload, max_open=self.plan_of(maker).open_uploads, also=writes)
        return upload

    def form(self, maker: str, upload_id: str, content_type: str) -> PostForm:
        """The form for sending the picture."""
        return self.store.form(incoming_key(maker, upload_id), content_type, MAX_UPLOAD_BYTES)

    def check(self, maker: str, upload_id: str, clean: Clean) -> tuple[Upload, Facts]:
        """Check the uploaded file and store the clean picture. A checked upload never changes and is returned as it is.

        Raises UploadNotFound if no file was sent, TooManyRequests, and the errors of `clean`.
        """
        upload = self.records.find(maker, upload_id)
        if upload.facts:
            return upload, upload.facts
        self.records.count_check(maker, max_per_minute=self.plan_of(maker).checks_per_minute)
        content = self.store.read_incoming(incoming_key(maker, upload_id), MAX_UPLOAD_BYTES)
        if content is None:
            raise UploadNotFound("no image has been sent for this upload; send it first", field="upload_id")
        key, small = upload_key(maker, upload_id), upload_thumbnail_key(maker, upload_id)
        picture = clean(content)
        if kept := self.store.keep(key, picture.png):
            picture = clean(kept)  # of another check, perhaps of another file
        self.store.keep_thumbnail(small, picture.thumbnail_webp)
        expires_at = upload.created_at + self.kept
        try:
            return self.records.mark_ready(maker, upload_id, picture.facts, expires_at), picture.facts
        except UploadNotFound:
            self.store.drop(key, small)  # it was deleted during the check
            raise


def delete_upload(store: UploadStore, records: UploadRecords, maker: str, upload_id: str) -> None:
    """Delete an upload and its pictures. Raises UploadNotFound.

    The record is deleted last, so an interrupted deletion can be repeated.
    """
    records.find(maker, upload_id)
    store.drop(*(key(maker, upload_id) for key in (incoming_key, upload_key, upload_thumbnail_key)))
    records.drop(maker, upload_id)


def folder_of(maker: str) -> str:
    """A maker's folder: a hash of fixed length that does not reveal the maker."""
    return hashlib.sha256(maker.encode()).hexdigest()[: 2 * JOB_ID_LENGTH]


def incoming_key(maker: str, upload_id: str) -> str:
    """The key of an uploaded file in the uploads bucket."""
    return f"incoming/{folder_of(maker)}/{upload_id}"


def upload_key(maker: str, upload_id: str) -> str:
    """The key of a checked picture in the uploads bucket."""
    return f"pictures/{folder_of(maker)}/{upload_id}.png"


def upload_thumbnail_key(maker: str, upload_id: str) -> str:
    """The key of a checked picture's thumbnail, which expires with the picture."""
    return f"pictures/{folder_of(maker)}/{upload_id}.webp"
