"""PNG files according to the W3C specification (third edition): chunks, samples, transparency and colours."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from craftspark.pictures.colour_spaces import COLOUR_SPACES
from craftspark.pictures.orientation import MAX_XMP, orientation
from craftspark.pictures.structure import (
    MAX_PARTS,
    MAX_PROFILE,
    Colour,
    Structure,
    animated_picture,
    check_size,
    damaged_picture,
    invalid_picture,
    profile_too_large,
    too_many_parts,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
DEPTHS = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
# Chunks that are read once. The first of several counts, as in decoders.
ONCE = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"eXIf")
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
XMP = b"XML:com.adobe.xmp"
RAW_EXIF = (b"Raw profile type exif", b"Raw profile type APP1")


@dataclass(frozen=True, kw_only=True)
class Png(Structure):
    """A PNG's facts. `pixels` is the zlib stream of its samples, `transparency` the content of its tRNS."""

    colour_type: int
    depth: int
    interlaced: bool
    palette: bytes | None
    transparency: bytes | None


@dataclass(frozen=True)
class Chunk:
    name: bytes
    body: memoryview


def read_png(content: bytes) -> Png:
    """A PNG's facts; raises InvalidInput."""
    once: dict[bytes, bytes] = {}
    texts: dict[bytes, Chunk] = {}
    data: list[memoryview] = []
    for chunk in chunks(content):
        if not once and chunk.name != b"IHDR":
            raise damaged_picture()
        if chunk.name == b"IDAT":
            data.append(chunk.body)
        elif chunk.name in ONCE:
            once.setdefault(chunk.name, bytes(chunk.body))
        elif chunk.name in TEXTS:
            keyword = bytes(chunk.body[:80]).partition(b"\0")[0]
            if keyword == XMP or keyword in RAW_EXIF:
                texts.setdefault(keyword, chunk)
        elif chunk.name == b"acTL" and int.from_bytes(chunk.body[:4], "big") > 1:
            raise animated_picture()
        elif chunk.name[:1].isupper() and chunk.name != b"IEND":
            raise damaged_picture()  # an unknown critical chunk
    header = once[b"IHDR"]
    if len(header) != 13:
        raise damaged_picture()
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    depth, colour_type, compression, filters, interlace = header[8:]
    check_size(width, height)
    if depth not in DEPTHS.get(colour_type, ()) or compression or filters or interlace > 1:
        raise damaged_picture()
    palette = once.get(b"PLTE")
    if colour_type == PALETTE and (not palette or len(palette) % 3 or len(palette) > 768):
        raise damaged_picture()
    return Png(
        format="PNG",
        width=width,
        height=height,
        pixels=b"".join(data),
        colour=colour_of(once),
        orientation=orientation(exif_of(once, texts), xmp_of(texts)),
        colour_type=colour_type,
        depth=depth,
        interlaced=bool(interlace),
        palette=palette,
        transparency=once.get(b"tRNS"),
    )


def chunks(content: bytes) -> Iterator[Chunk]:
    """The chunks up to IEND, with checked checksums where they affect pixels. Raises InvalidInput."""
    view = memoryview(content)
    at = len(SIGNATURE)
    for _ in range(MAX_PARTS):
        length = int.from_bytes(view[at : at + 4], "big")
        name = bytes(view[at + 4 : at + 8])
        end = at + 12 + length
        if end > len(view) or len(name) != 4:
            raise damaged_picture()
        if name[:1].isupper() and zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise damaged_picture()
        yield Chunk(name, view[at + 8 : end - 4])
        if name == b"IEND":
            return
        at = end
    raise too_many_parts("chunks", MAX_PARTS)


def colour_of(once: dict[bytes, bytes]) -> Colour:
    """Colour information in the specification's order: cICP, iCCP, sRGB, then gAMA and cHRM. Raises InvalidInput."""
    if code := once.get(b"cICP"):
        return read_code_points(code)
    if (embedded := once.get(b"iCCP")) is not None:
        profile = inflate(embedded.partition(b"\0")[2][1:], MAX_PROFILE + 1)
        if profile and len(profile) > MAX_PROFILE:
            raise profile_too_large()
        if profile:
            return Colour(profile=profile)
    if b"sRGB" in once:
        return Colour()
    gamma = int.from_bytes(once.get(b"gAMA", b"")[:4], "big") / 100_000
    points = once.get(b"cHRM", b"")
    primaries = tuple(int.from_bytes(points[at : at + 4], "big") / 100_000 for at in range(0, 32, 4))
    return Colour(gamma=gamma or None, primaries=primaries if len(points) == 32 and all(primaries) else None)


def read_code_points(code: bytes) -> Colour:
    """Colour information by code points of ITU-T `H.273`."""
    space = COLOUR_SPACES.get((code[0], code[1])) if len(code) == 4 and code[2:] == b"\0\1" else None
    if space is None:
        raise invalid_picture("it has a colour space for video or HDR; save it in sRGB")
    return space


def exif_of(once: dict[bytes, bytes], texts: dict[bytes, Chunk]) -> bytes | None:
    """EXIF from its own chunk, or from the text chunk that ImageMagick wrote before that chunk existed."""
    if b"eXIf" in once:
        return once[b"eXIf"]
    for name in RAW_EXIF:
        if name in texts and (text := text_of(texts[name])):
            # A line with the kind, one with the length, and hexadecimal digits in lines.
            digits = b"".join(text.split()[2:])
            try:
                return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
            except ValueError:
                return None
    return None


def xmp_of(texts: dict[bytes, Chunk]) -> bytes | None:
    return text_of(texts[XMP]) if XMP in texts else None


def text_of(chunk: Chunk) -> bytes | None:
    """The text of a text chunk. At most the largest XMP is decompressed."""
    rest = bytes(chunk.body).partition(b"\0")[2]
    if chunk.name == b"tEXt":
        return rest[:MAX_XMP]
    if chunk.name == b"zTXt":
        return inflate(rest[1:], MAX_XMP)
    compressed = rest[:1] == b"\1"
    text = rest[2:].split(b"\0", 2)[-1]
    return inflate(text, MAX_XMP) if compressed else text[:MAX_XMP]


def inflate(data: bytes, max_bytes: int) -> bytes | None:
    """At most `max_bytes` of decompressed data, or None if the data is not compressed."""
    try:
        return zlib.decompressobj().decompress(data, max_bytes)
    except zlib.error:
        return None


def is_png(content: bytes) -> bool:
    return content.startswith(SIGNATURE)
