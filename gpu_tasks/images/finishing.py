"""A delivered image: the picture itself, the files beside it, and their bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from gpu_tasks.activity import MovingBytes
from gpu_tasks.images.drawn import Drawn
from gpu_tasks.images.pixels import Pixels

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


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """An image in bytes, as it is stored. Sizes are pixels."""

    png: bytes
    thumbnail_webp: bytes
    files: Mapping[str, bytes]
    width: int
    height: int
    alpha: bool
    scores: Mapping[str, float]


def delivered(done: Finished, encode: Callable[[Png | Svg], bytes] | None = None) -> Delivered:
    """The image and its files in bytes; `encode` is how those that are kept get theirs, plainly where it is absent."""
    encode = encode or encoded
    height, width, channels = done.picture.pixels.shape
    return Delivered(
        png=encode(done.picture),
        thumbnail_webp=encoded(thumbnail(done.picture.pixels)),
        files={name: encoded(file) if isinstance(file, WebP) else encode(file) for name, file in done.files.items()},
        width=width,
        height=height,
        alpha=channels == 4,
        scores=done.scores,
    )


def encoded(file: File, xmp: str | None = None) -> bytes:
    """The file's bytes, with an XMP packet where one is given; the same content is the same bytes."""
    if isinstance(file, Svg):
        return (_with_metadata(file.text, xmp) if xmp else file.text).encode()
    into = MovingBytes()
    picture = Image.fromarray(file.pixels)
    if isinstance(file, WebP):
        picture.save(into, "WEBP", quality=80)
    else:
        written = PngInfo()
        if xmp:
            written.add_itxt("XML:com.adobe.xmp", xmp)
        dpi = {"dpi": (file.dpi, file.dpi)} if file.dpi else {}
        picture.save(into, "PNG", compress_level=6, icc_profile=SRGB, pnginfo=written, **dpi)
    return into.getvalue()


def _with_metadata(svg: str, xmp: str) -> str:
    """The SVG with the packet as its first element. The packet holds a maker's words: it is never used as a pattern."""
    root = SVG_START.search(svg)
    if root is None:
        raise ValueError("the text has no <svg> element")
    return f"{svg[: root.end()]}\n<metadata>{xmp}</metadata>{svg[root.end() :]}"


def _srgb() -> bytes:
    """The profile, without the moment at which it was made."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07ea00010001000000000000")  # 1 January 2026
    return bytes(profile)


MEDIA_TYPES: Mapping[type[Png | Svg], str] = {Png: "image/png", Svg: "image/svg+xml"}
SVG_START = re.compile(r"<svg[^>]*>")
SRGB = _srgb()
