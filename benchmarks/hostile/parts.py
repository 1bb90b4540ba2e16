"""The parts from which hostile files are built."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any, TypeAlias

from PIL import Image

Files: TypeAlias = dict[str, Callable[[], bytes]]

SIDE = 4096
FULL = 24 * 1024 * 1024  # bytes, below the limit of an upload form
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def draw_scene(size: tuple[int, int] = (96, 64), mode: str = "RGB") -> Image.Image:
    return Image.linear_gradient("L").resize(size).convert(mode)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    into = io.BytesIO()
    image.save(into, kind, **options)
    return into.getvalue()


def build_noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def build_chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def build_png(
    *parts: bytes, size: tuple[int, int] = (64, 64), depth: int = 8, colour_type: int = 2, interlace: int = 0
) -> bytes:
    """A PNG with these chunks between its header and its end."""
    header = build_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, interlace))
    return SIGNATURE + header + b"".join(parts) + build_chunk(b"IEND")


def build_rows(width: int, height: int, bytes_per_pixel: int = 3, filter_type: int = 0) -> bytes:
    """A zlib stream of black rows."""
    return zlib.compress((bytes((filter_type,)) + bytes(width * bytes_per_pixel)) * height, 1)


PIXELS = build_chunk(b"IDAT", build_rows(64, 64))


def build_bomb(size: int, before: bytes = b"") -> bytes:
    """A zlib stream of `size` bytes. Its content after `before` is a thousand times as long."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = b"\x78\xda" + packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * (size // len(block))


def build_segment(marker: int, body: bytes = b"") -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def build_riff(*parts: tuple[bytes, bytes]) -> bytes:
    content = b"".join(name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for name, body in parts)
    return b"RIFF" + struct.pack("<I", 4 + len(content)) + b"WEBP" + content


class Bits:
    """Bits in the order of deflate and lossless WebP, the least significant first."""

    def __init__(self) -> None:
        self._value, self._count, self._out = 0, 0, bytearray()

    def put(self, value: int, count: int) -> None:
        self._value |= value << self._count
        self._count += count
        while self._count >= 8:
            self._out.append(self._value & 255)
            self._value >>= 8
            self._count -= 8

    def bytes(self) -> bytes:
        return bytes(self._out) + bytes((self._value,))


def build_dynamic_blocks(size: int) -> bytes:
    """A zlib stream of about `size` bytes in empty blocks. For each block, a decoder builds tables of Huffman codes."""
    block = Bits()
    for _ in range(8):  # eight blocks end on a whole byte
        block.put(0, 1)  # not the last
        block.put(2, 2)
        block.put(29, 5)  # 286 literals and lengths
        block.put(29, 5)  # 30 distances
        block.put(14, 4)  # 18 code lengths of code lengths
        # In this order of deflate, only 18 and 1 have a code length: one bit each.
        for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1):
            block.put(1 if symbol in (18, 1) else 0, 3)
        # The code of symbol 1 is 0, that of 18 is 1. Lengths: 255 zeros, then 1 for each of 255 and 256, then zeros.
        for zeros in (138, 117):
            block.put(1, 1)
            block.put(zeros - 11, 7)
        block.put(0, 1)
        block.put(0, 1)
        block.put(1, 1)
        block.put(29 - 11, 7)  # 257 to 285
        block.put(0, 1)
        block.put(0, 1)
        block.put(1, 1)
        block.put(28 - 11, 7)  # the other distances
        block.put(1, 1)  # the end of the block: literal 255 is 0, the end is 1
    eight = block.bytes()[:-1]
    return b"\x78\xda" + eight * (size // len(eight))
