"""Copies of pictures that are small enough for a moderation service.

As a program: a clean PNG on its standard input, an empty line and the copy on its standard output.
"""

from __future__ import annotations

import io
import os
import sys
from math import sqrt

from PIL import Image

from craftspark.pictures.confinement import OUT_OF_MEMORY, apply_bounds

# The limits of a Bedrock guardrail: 4 MB, and sides of up to 8000 pixels.
MAX_COPY_BYTES = 4_000_000
MAX_COPY_SIDE = 2048  # a larger copy does not improve moderation
QUALITY = 90


def main() -> None:
    apply_bounds()
    out = sys.stdout.buffer
    try:
        with Image.open(sys.stdin.buffer, formats=("PNG",)) as picture:
            out.write(b"\n" + jpeg_within(picture))
        out.flush()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def jpeg_within(picture: Image.Image, max_bytes: int = MAX_COPY_BYTES) -> bytes:
    """The picture (RGB or RGBA) on white as a JPEG of at most `max_bytes`, as large as they allow.

    No side is longer than MAX_COPY_SIDE.
    """
    shown = flatten(picture)
    shown.thumbnail((MAX_COPY_SIDE, MAX_COPY_SIDE), Image.Resampling.LANCZOS)
    while len(jpeg := encode_jpeg(shown)) > max_bytes:
        scale = min(0.9, 0.95 * sqrt(max_bytes / len(jpeg)))
        width, height = (max(1, int(side * scale)) for side in shown.size)
        shown = shown.resize((width, height), Image.Resampling.LANCZOS)
    return jpeg


def flatten(picture: Image.Image) -> Image.Image:
    """A copy without alpha."""
    if picture.mode == "RGB":
        return picture.copy()
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def encode_jpeg(picture: Image.Image) -> bytes:
    into = io.BytesIO()
    picture.save(into, "JPEG", quality=QUALITY)
    return into.getvalue()
