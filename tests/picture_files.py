"""Picture files that are built part by part, so that a test knows their pixels without a decoder."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from craftspark.errors import InvalidInput
from craftspark.pictures import decoding

Samples: TypeAlias = npt.NDArray[np.uint16]
Pixels: TypeAlias = npt.NDArray[np.uint8]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
WHOLE = ((0, 0, 1, 1),)
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width: int, height: int, depth: int = 8, colour_type: int = 2, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace))


def png_of(
    samples: Samples,
    depth: int,
    colour_type: int,
    *,
    interlaced: bool = False,
    chunks: Iterable[bytes] = (),
    filtered: bool = True,
) -> bytes:
    """A PNG of samples (height, width, channels). Its rows use the filters in turn."""
    height, width, _ = samples.shape
    rows = bytearray()
    for x, y, across, down in ADAM7 if interlaced else WHOLE:
        part = samples[y::down, x::across]
        if part.size:
            rows += filtered_rows(part, depth, filtered=filtered)
    head = header(width, height, depth, colour_type, int(interlaced))
    return SIGNATURE + head + b"".join(chunks) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND")


def filtered_rows(samples: Samples, depth: int, *, filtered: bool) -> bytes:
    height, _, channels = samples.shape
    step = max(1, depth * channels // 8)
    before: npt.NDArray[np.int64] | None = None
    out = bytearray()
    for number in range(height):
        row = packed(samples[number].reshape(-1), depth).astype(np.int64)
        above = np.zeros_like(row) if before is None else before
        kind = number % 5 if filtered else 0
        left, corner = (np.concatenate([np.zeros(step, np.int64), line])[: len(line)] for line in (row, above))
        guess = [np.zeros_like(row), left, above, (left + above) // 2, paeth(left, above, corner)][kind]
        out += bytes((kind,)) + ((row - guess) % 256).astype(np.uint8).tobytes()
        before = row
    return bytes(out)


def paeth(left: Any, above: Any, corner: Any) -> Any:
    whole = left + above - corner
    to_left, to_above, to_corner = (abs(whole - part) for part in (left, above, corner))
    other = np.where(to_above <= to_corner, above, corner)
    return np.where((to_left <= to_above) & (to_left <= to_corner), left, other)


def packed(row: Samples, depth: int) -> Pixels:
    if depth == 16:
        return row.astype(">u2").view(np.uint8)
    if depth == 8:
        return row.astype(np.uint8)
    bits = (row[:, None] >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8).reshape(-1))


def decoded(content: bytes) -> Pixels:
    """Check a file in this process. Returns its pixels (height, width, 3 or 4). Raises InvalidInput."""
    return np.asarray(Image.open(io.BytesIO(cleaned(content))))


def cleaned(content: bytes) -> bytes:
    """Check a file in this process. Returns the PNG that would be stored. Raises InvalidInput."""
    out = io.BytesIO()
    decoding.serve_request(io.BytesIO(content), out)
    head, _, png = out.getvalue().partition(b"\n")
    if b'"refused"' in head:
        raise InvalidInput(head.decode(), field="upload")
    return png


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    into = io.BytesIO()
    image.save(into, kind, **options)
    return into.getvalue()
