"""Changes in the gallery, as the stream of its table has them, and what they mean for files and events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from craftspark.aws.gallery.gallery_items import STANDING, is_public
from craftspark.contracts import Event
from craftspark.gallery.events import MakerStandingChanged, PictureHidden, PictureShown
from craftspark.gallery.publishing import PICTURE_FILE, THUMBNAIL_FILE, PictureCopies

FILES = (PICTURE_FILE, THUMBNAIL_FILE)


def events_of(change: Mapping[str, Any]) -> Iterator[Event]:
    """The events of a change. `change` has the item before and after, where it exists.

    A picture that moves to another folder is hidden in the old one and shown in the new one.
    """
    before, after = _Item.of(change.get("OldImage")), _Item.of(change.get("NewImage"))
    owner = change["Keys"]["key"]["S"].partition("#")[2]
    if change["Keys"]["item"]["S"] == STANDING:
        if "NewImage" in change:
            yield MakerStandingChanged(maker=owner, changed_at=change["NewImage"]["changed_at"]["S"])
        return
    if before == after:
        return
    if before.public:
        yield PictureHidden(picture_id=owner, folder=before.folder)
    if after.public:
        yield PictureShown(picture_id=owner, folder=after.folder)


def move_files(change: Mapping[str, Any], files: PictureCopies) -> None:
    """Hide the files of a picture that is hidden, and delete those of a folder that it has left.

    A folder is never used again, so a change that is delivered late or twice does no harm.
    """
    if change["Keys"]["item"]["S"] == STANDING:
        return
    before, after = _Item.of(change.get("OldImage")), _Item.of(change.get("NewImage"))
    if before.folder and before.folder != after.folder:
        files.drop(before.folder, FILES)
    elif before.public and not after.public:
        files.hide(before.folder, FILES)


@dataclass(frozen=True)
class _Item:
    """The folder of a picture, empty if there is no picture, and whether everybody may see it."""

    folder: str
    public: bool

    @classmethod
    def of(cls, item: Mapping[str, Any] | None) -> _Item:
        if item is None or "folder" not in item:
            return cls("", public=False)
        return cls(item["folder"]["S"], public=is_public(item))
