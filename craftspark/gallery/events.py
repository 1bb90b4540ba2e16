"""The events about pictures that become public or stop being public.

A folder is used for one publication only, so each event about a folder happens once. EventBridge can deliver it twice,
and in another order: a listener that shows a picture first asks whether it is public now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from craftspark.contracts import Event


@dataclass(frozen=True, kw_only=True)
class PictureShown(Event):
    """A picture is public. Its files are in `folder` of the gallery bucket."""

    source: ClassVar[str] = "craftspark.gallery"

    picture_id: str
    folder: str


@dataclass(frozen=True, kw_only=True)
class PictureHidden(Event):
    """A picture is not public any more: nobody may see it or the files in `folder`."""

    source: ClassVar[str] = "craftspark.gallery"

    picture_id: str
    folder: str


@dataclass(frozen=True, kw_only=True)
class MakerStandingChanged(Event):
    """A maker was suspended, or is not any more: the pictures follow. `changed_at` is when, as a timestamp."""

    source: ClassVar[str] = "craftspark.gallery"

    maker: str
    changed_at: str
