"""Curation: makers report pictures, administrators take them down, and their makers appeal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from craftspark.clock import utc_now
from craftspark.errors import AccountContended, AppealClosed, PictureNotFound
from craftspark.gallery.pictures import folder_of
from craftspark.gallery.publishing import PICTURE_FILE, THUMBNAIL_FILE, PictureCopies
from craftspark.gallery.review import SUSPENSION, TAKEDOWN, Appeal, KeptPicture, Reason, Report, Takedown
from craftspark.jobs.idempotency import Write

TRIES = 4
CHANGED = "other requests changed the picture; send this request again"
# More writes of a transaction, which depend on the picture.
Also = Callable[[KeptPicture], Sequence[Write]]


class KeptPictures(Protocol):
    """Published pictures, whether they are public or not. Writes in `also` are part of the same transaction."""

    def load(self, picture_id: str) -> KeptPicture:
        """The picture. Raises PictureNotFound."""

    def hide(self, kept: KeptPicture, why: str, facts: Takedown | None, also: Sequence[Write] = ()) -> bool:
        """Hide a picture for a reason. False if it was changed since it was loaded. Raises AccountContended."""

    def show(self, kept: KeptPicture, why: str, folder: str, also: Sequence[Write] = ()) -> bool:
        """End a reason to hide a picture; if it was the last one, the picture is public in this folder.

        False if it was changed since it was loaded. Raises AccountContended.
        """

    def appeal(self, kept: KeptPicture, appeal: Appeal) -> bool:
        """Add an appeal, and put the picture into the review. False if it was changed since it was loaded."""


class Reports(Protocol):
    """Reports of makers, and the review."""

    def add(self, picture_id: str, maker: str, report: Report) -> Report:
        """Add a report and put the picture into the review. Returns the maker's earlier report, if there is one."""

    def close(self, picture_id: str, appeal: Appeal | None, also: Sequence[Write] = ()) -> None:
        """Take a picture out of the review. An appeal is stored as it was decided."""


@dataclass(frozen=True, kw_only=True)
class Curation:
    """The use cases. A change that another one overtakes is decided again on the picture as it is then."""

    pictures: KeptPictures
    reports: Reports
    copies: PictureCopies
    now: Callable[[], datetime] = utc_now

    def report(self, picture_id: str, maker: str, reason: Reason, words: str | None) -> Report:
        """Report a public picture, once a maker. Raises PictureNotFound."""
        if self.pictures.load(picture_id).state != "public":
            raise PictureNotFound(f"there is no public picture {picture_id}", field="picture_id")
        return self.reports.add(picture_id, maker, Report(reason=reason, words=words, at=self.now()))

    def take_down(self, picture_id: str, reason: Reason, words: str | None, also: Also) -> tuple[KeptPicture, bool]:
        """Hide a picture everywhere, and whether that is a change. Raises PictureNotFound."""
        for _ in range(TRIES):
            kept = self.pictures.load(picture_id)
            if kept.takedown and (kept.takedown.reason, kept.takedown.words) == (reason, words):
                return kept, False
            takedown = Takedown(reason=reason, words=words, at=self.now())
            if self.pictures.hide(kept, TAKEDOWN, takedown, also(kept)):
                return self.pictures.load(picture_id), True
        raise AccountContended(CHANGED)

    def restore(self, picture_id: str, also: Also) -> tuple[KeptPicture, bool]:
        """End a takedown, and whether that is a change. Raises PictureNotFound."""
        for _ in range(TRIES):
            kept = self.pictures.load(picture_id)
            if kept.takedown is None:
                return kept, False
            if self._show(kept, TAKEDOWN, also(kept)):
                return self.pictures.load(picture_id), True
        raise AccountContended(CHANGED)

    def dismiss(self, picture_id: str, also: Also) -> KeptPicture:
        """Dismiss the reports about a picture, or the appeal of its maker. Raises PictureNotFound."""
        kept = self.pictures.load(picture_id)
        waiting = kept.appeal if kept.appeal and not kept.appeal.dismissed_at else None
        decided = Appeal(words=waiting.words, at=waiting.at, dismissed_at=self.now()) if waiting else None
        self.reports.close(picture_id, decided, also(kept))
        return self.pictures.load(picture_id)

    def appeal(self, picture_id: str, maker: str, words: str) -> KeptPicture:
        """Appeal against the takedown of the caller's own picture, once. Raises PictureNotFound or AppealClosed."""
        for _ in range(TRIES):
            kept = self._load_own(picture_id, maker)
            if kept.appeal and kept.appeal.words == words:
                return kept
            if kept.takedown is None:
                raise AppealClosed("the picture is not taken down", field="picture_id")
            if kept.appeal:
                raise AppealClosed("there was an appeal against this takedown before", field="picture_id")
            if self.pictures.appeal(kept, Appeal(words=words, at=self.now())):
                return self.pictures.load(picture_id)
        raise AccountContended(CHANGED)

    def apply_standing(self, picture_id: str, *, suspended: bool, also: Sequence[Write]) -> bool:
        """Hide a picture of a suspended maker, or show it again. False if it is so already, or gone."""
        for _ in range(TRIES):
            try:
                kept = self.pictures.load(picture_id)
            except PictureNotFound:
                return False
            if (SUSPENSION in kept.hidden_by) == suspended:
                return False
            done = self.pictures.hide(kept, SUSPENSION, None, also) if suspended else self._show(kept, SUSPENSION, also)
            if done:
                return True
        raise AccountContended(CHANGED)

    def _load_own(self, picture_id: str, maker: str) -> KeptPicture:
        """The caller's own picture. Another maker's is not found either, with the same error."""
        try:
            kept = self.pictures.load(picture_id)
        except PictureNotFound:
            kept = None
        if kept is None or kept.picture.maker != maker:
            raise PictureNotFound(f"you have published no picture {picture_id}", field="picture_id")
        return kept

    def _show(self, kept: KeptPicture, why: str, also: Sequence[Write]) -> bool:
        """End a reason to hide a picture. Its files are copied first, so that no list shows it without them."""
        if kept.hidden_by != {why}:
            return self.pictures.show(kept, why, kept.picture.folder, also)
        folder = folder_of(kept.picture.picture_id, self.now())
        self.copies.bring_back(kept.picture.folder, folder, (PICTURE_FILE, THUMBNAIL_FILE))
        if self.pictures.show(kept, why, folder, also):
            return True
        self.copies.drop(folder, (PICTURE_FILE, THUMBNAIL_FILE))
        return False
