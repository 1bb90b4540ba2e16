"""Uploads: pictures that makers bring, taken in at an address of their own and used only once they are checked."""

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
# From the form to the check: the form itself is good for a quarter of an hour.
OPEN_LASTS = timedelta(hours=1)

ContentType = Literal["image/png", "image/jpeg", "image/webp"]


@dataclass(frozen=True, kw_only=True)
class CleanPicture:
    """A clean picture: a PNG of 8 bits a channel in sRGB without metadata. Sizes are pixels."""

    png: bytes
    width: int
    height: int
    alpha: bool


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a checked picture. Sizes are pixels."""

    width: int
    height: int
    alpha: bool


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One upload: open until it is checked, then ready to be a source, with `facts`."""

    upload_id: str
    created_at: datetime
    expires_at: datetime
    facts: Facts | None = None


@dataclass(frozen=True, kw_only=True)
class PostForm:
    """Where a browser posts a file to, and the fields that go before the file."""

    url: str
    fields: dict[str, str]


class UploadStore(Protocol):
    """A bucket that takes pictures in and keeps those that were checked."""

    def form(self, incoming: str, content_type: str, max_bytes: int) -> PostForm:
        """A form that lets its holder put one object of this type and at most so many bytes."""

    def incoming(self, key: str, max_bytes: int) -> bytes | None:
        """What came in; None where nothing did. Raises InvalidInput for more than `max_bytes`."""

    def keep(self, key: str, picture: CleanPicture) -> Facts:
        """Keep a clean picture; where there is one already, that one stays. The facts of the one that is kept."""

    def drop(self, *keys: str) -> None:
        """Delete objects, whether they are there or not."""


class UploadRecords(Protocol):
    """The records of uploads. What has expired is not in it, deleted or not."""

    def open(self, maker: str, upload: Upload, *, max_open: int, also: Sequence[Write] = ()) -> None:
        """Enter an open upload, together with other writes.

        Raises TooManyOpenUploads where `max_open` of the maker's are open, and EffectExists where there is one of this
        id or the other writes were refused.
        """

    def find(self, maker: str, upload_id: str) -> Upload:
        """The maker's upload; raises UploadNotFound."""

    def count_check(self, maker: str, *, max_per_minute: int) -> None:
        """Count a check; raises TooManyRequests where there were so many in this minute."""

    def mark_ready(self, maker: str, upload_id: str, facts: Facts, expires_at: datetime) -> Upload:
        """Make an upload ready; one that is ready stays as it is. Raises UploadNotFound where it is gone."""

    def drop(self, maker: str, upload_id: str) -> None:
        """Forget an upload; raises UploadNotFound."""


Clean = Callable[[bytes], CleanPicture]
PlanOf = Callable[[str], Plan]


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """The use cases around uploads. A maker's are under a key that nobody else's request leads to.

    `plan_of` answers a maker's plan. Checked pictures last for `kept` from their opening;
    the bucket deletes them later than that, because they come into it later.
    """

    store: UploadStore
    records: UploadRecords
    plan_of: PlanOf
    kept: timedelta
    now: Callable[[], datetime] = utc_now

    def open(self, maker: str, upload_id: str, writes: Sequence[Write] = ()) -> Upload:
        """Open an upload, together with the writes of its idempotency; raises TooManyOpenUploads or EffectExists."""
        now = self.now()
        upload = Upload(upload_id=upload_id, created_at=now, expires_at=now + OPEN_LASTS)
        self.records.open(maker, upload, max_open=self.plan_of(maker).open_uploads, also=writes)
        return upload

    def form(self, maker: str, upload_id: str, content_type: str) -> PostForm:
        """The form to send the picture with."""
        return self.store.form(incoming_key(maker, upload_id), content_type, MAX_UPLOAD_BYTES)

    def check(self, maker: str, upload_id: str, clean: Clean) -> tuple[Upload, Facts]:
        """Check what came in and keep it clean; a checked upload never changes and answers itself.

        Raises UploadNotFound where nothing came in, TooManyRequests, and what `clean` raises.
        """
        upload = self.records.find(maker, upload_id)
        if upload.facts:
            return upload, upload.facts
        self.records.count_check(maker, max_per_minute=self.plan_of(maker).checks_per_minute)
        content = self.store.incoming(incoming_key(maker, upload_id), MAX_UPLOAD_BYTES)
        if content is None:
            raise UploadNotFound("no image has been sent for this upload; send it first", field="upload_id")
        key = upload_key(maker, upload_id)
        facts = self.store.keep(key, clean(content))
        try:
            return self.records.mark_ready(maker, upload_id, facts, upload.created_at + self.kept), facts
        except UploadNotFound:
            self.store.drop(key)  # it was deleted meanwhile
            raise


def delete_upload(store: UploadStore, records: UploadRecords, maker: str, upload_id: str) -> None:
    """Delete an upload and its pictures; raises UploadNotFound.

    The record goes last: where a deletion stops half-way, the next one finds it and goes on.
    """
    records.find(maker, upload_id)
    store.drop(incoming_key(maker, upload_id), upload_key(maker, upload_id))
    records.drop(maker, upload_id)


def folder_of(maker: str) -> str:
    """A maker's folder: of fixed length, and telling nothing of the maker."""
    return hashlib.sha256(maker.encode()).hexdigest()[: 2 * JOB_ID_LENGTH]


def incoming_key(maker: str, upload_id: str) -> str:
    """Where the uploads bucket takes a picture in."""
    return f"incoming/{folder_of(maker)}/{upload_id}"


def upload_key(maker: str, upload_id: str) -> str:
    """Where the uploads bucket keeps a checked picture."""
    return f"pictures/{folder_of(maker)}/{upload_id}.png"
