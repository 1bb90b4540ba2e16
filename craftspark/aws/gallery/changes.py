"""Changes of pictures, as the stream of the gallery's table has them, and the events that they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from craftspark.aws.gallery.gallery_items import is_public
from craftspark.gallery.events import PictureHidden, PictureShown


def events_of(change: Mapping[str, Any]) -> Iterator[PictureShown | PictureHidden]:
    """The events of a change. `change` has the item of a picture before and after, where it exists.

    A picture that moves to another folder is hidden in the old one and shown in the new one.
    """
    picture_id = change["Keys"]["key"]["S"].partition("#")[2]
    before, after = (_public_folder(change.get(image)) for image in ("OldImage", "NewImage"))
    if before == after:
        return
    if before is not None:
        yield PictureHidden(picture_id=picture_id, folder=before)
    if after is not None:
        yield PictureShown(picture_id=picture_id, folder=after)


def _public_folder(item: Mapping[str, Any] | None) -> str | None:
    """The folder of a public picture, or None."""
    return str(item["folder"]["S"]) if item is not None and is_public(item) else None
