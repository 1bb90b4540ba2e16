"""The structure of a picture file, read before any pixel is decoded, and the rules for it.

A reader for each format (`png`, `jpeg`, `webp`) goes once over the file's parts, counts them, and extracts those for
pixels, colours and orientation. Decoders get nothing else: no text, no thumbnails, no further pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from craftspark.errors import InvalidInput

FIELD = "upload"
FORMATS = ("PNG", "JPEG", "WEBP")
MIN_SIDE, MAX_SIDE = 16, 4096
MAX_ASPECT = 8
# Encoders write parts of 8 KiB or more, so 25 MiB are 3,200 parts. The metadata of a picture has tens of parts.
MAX_PARTS = 20_000
# Profiles of printing presses have up to 3 MiB, those of cameras and screens a few KiB.
MAX_PROFILE = 4 * 1024 * 1024

Format = Literal["PNG", "JPEG", "WEBP"]


@dataclass(frozen=True, kw_only=True)
class Colour:
    """The colour information of a file. Without any, the colours are sRGB.

    `gamma` is the exponent by which samples were made from light. `primaries` are the chromaticities x, y of white,
    red, green and blue.
    """

    profile: bytes | None = None
    gamma: float | None = None
    primaries: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Structure:
    """A file's facts. `pixels` is the part that its decoder needs. `orientation` is the EXIF value, 1 to 8."""

    format: Format
    width: int
    height: int
    pixels: bytes
    colour: Colour = field(default_factory=Colour)
    orientation: int = 1


def invalid_picture(reason: str) -> InvalidInput:
    return InvalidInput(f"the image cannot be used: {reason}", field=FIELD)


def damaged_picture() -> InvalidInput:
    return invalid_picture("it is truncated or damaged; save it again and send the new file")


def too_many_parts(what: str, number: int) -> InvalidInput:
    return invalid_picture(f"it has more than {number} {what}; save it in an image editor and send the new file")


def animated_picture() -> InvalidInput:
    return invalid_picture("it is animated; send a single frame")


def profile_too_large() -> InvalidInput:
    return invalid_picture(
        f"its colour profile is larger than {MAX_PROFILE // 1024 // 1024} MiB; convert the image to sRGB"
    )


def check_size(width: int, height: int) -> None:
    """Raise InvalidInput unless the tools accept a source with these sides, in pixels."""
    if max(width, height) > MAX_SIDE:
        raise invalid_picture(f"it is {width} x {height} pixels; the maximum is {MAX_SIDE} a side, reduce it")
    if min(width, height) < MIN_SIDE:
        raise invalid_picture(f"it is {width} x {height} pixels; the minimum is {MIN_SIDE} a side, send a larger one")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise invalid_picture(f"it is {width} x {height} pixels; the maximum aspect ratio is {MAX_ASPECT}:1, crop it")
