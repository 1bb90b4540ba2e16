"""Thumbnails: the small copies of pictures that lists show."""

from __future__ import annotations

import io

# The import registers the format. Otherwise Pillow imports the plugins of all formats to find it.
from PIL import Image, WebPImagePlugin  # noqa: F401

MAX_SIDE = 256
QUALITY = 80


def encode_thumbnail(picture: Image.Image) -> bytes:
    """A copy of a picture, at most MAX_SIDE pixels on its longer side, as a WebP. The picture stays as it is."""
    scale = min(1.0, MAX_SIDE / max(picture.size))
    width, height = (max(1, round(side * scale)) for side in picture.size)
    small = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    into = io.BytesIO()
    small.save(into, "WEBP", quality=QUALITY)
    return into.getvalue()
