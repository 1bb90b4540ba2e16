"""The events about pictures that become public or stop being public, and about the standing of their makers.

A folder is used for one publication only, so each event about a folder happens once. EventBridge can deliver it twice,
and in another order: a listener that shows a picture first asks whether it is public now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from craftspark.contracts import Event


class GalleryEvent(Event):
    """The base of the gallery's events."""

    source: ClassVar[str] = "craftspark.gallery"


@dataclass(frozen=True, kw_only=True)
class PictureEvent(GalleryEvent):
    """The base of the events about a picture. Its files are in `folder` of the gallery bucket."""

    picture_id: str
    folder: str


class PictureShown(PictureEvent):
    """A picture is public."""


class PictureHidden(PictureEvent):
    """A picture is not public any more: nobody may see it or its files."""


@dataclass(frozen=True, kw_only=True)
class MakerStandingChanged(GalleryEvent):
    """A maker was suspended, or is not any more: the pictures follow. `changed_at` is when, as a timestamp."""

    maker: str
    changed_at: str
