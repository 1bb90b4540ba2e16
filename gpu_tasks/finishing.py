"""A delivered image: the picture itself, the files beside it, and their bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from PIL import Image

from gpu_tasks.drawn import Drawn
from gpu_tasks.pixels import Pixels

THUMBNAIL_PIXELS = 256


@dataclass(frozen=True, kw_only=True)
class Png:
    """A picture without loss. `dpi` is its size in print, in pixels an inch."""

    pixels: Pixels
    dpi: int | None = None


@dataclass(frozen=True, kw_only=True)
class WebP:
    """A picture to look at."""

    pixels: Pixels


@dataclass(frozen=True, kw_only=True)
class Svg:
    """A drawing of paths."""

    text: str


File: TypeAlias = Png | WebP | Svg


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a maker gets of one image: `picture`, and `files` beside it by their names, with their endings."""

    picture: Png
    files: Mapping[str, File] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


def finished(drawn: Drawn) -> Finished:
    """The picture as it was drawn, and nothing beside it."""
    return Finished(picture=Png(pixels=drawn.pixels), scores=drawn.scores)


def thumbnail(pixels: Pixels) -> WebP:
    """At most THUMBNAIL_PIXELS on its longer side."""
    small = Image.fromarray(pixels)
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.LANCZOS)
    return WebP(pixels=np.asarray(small))


def encoded(file: File) -> bytes:
    """The file's bytes: the same content is the same bytes."""
    if isinstance(file, Svg):
        return file.text.encode()
    into = io.BytesIO()
    picture = Image.fromarray(file.pixels)
    if isinstance(file, WebP):
        picture.save(into, "WEBP", quality=80)
    else:
        picture.save(into, "PNG", compress_level=6, **({"dpi": (file.dpi, file.dpi)} if file.dpi else {}))
    return into.getvalue()
