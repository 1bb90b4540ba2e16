"""WebP files according to RFC 9649: the chunks of a RIFF container."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from craftspark.pictures.orientation import orientation
from craftspark.pictures.structure import (
    MAX_PARTS,
    MAX_PROFILE,
    Colour,
    Structure,
    animated_picture,
    check_size,
    damaged_picture,
    profile_too_large,
    too_many_parts,
)

FILE_HEADER, FRAME_HEADER = 12, 16
LOSSY, LOSSLESS, ALPHA = b"VP8 ", b"VP8L", b"ALPH"
HAS_ALPHA = 0x10


@dataclass(frozen=True)
class Chunk:
    name: bytes
    body: memoryview


def read_webp(content: bytes) -> Structure:
    """A picture's facts; raises InvalidInput. `pixels` is a WebP without metadata."""
    view = memoryview(content)
    end = 8 + int.from_bytes(view[4:8], "little")
    if end > len(view):
        raise damaged_picture()
    once: dict[bytes, memoryview] = {}
    frames: list[memoryview] = []
    for chunk in chunks(view[FILE_HEADER:end]):
        if chunk.name == b"ANMF":
            frames.append(chunk.body)
            if len(frames) > 1:
                raise animated_picture()
        else:
            once.setdefault(chunk.name, chunk.body)
    profile = bytes(once.get(b"ICCP", b""))
    if len(profile) > MAX_PROFILE:
        raise profile_too_large()
    picture = read_frame(frames[0], once) if frames else once
    width, height = size_of(picture)
    check_size(width, height)
    return Structure(
        format="WEBP",
        width=width,
        height=height,
        pixels=assemble_webp(picture, width, height),
        colour=Colour(profile=profile or None),
        orientation=orientation(bytes(once.get(b"EXIF", b"")), bytes(once.get(b"XMP ", b""))),
    )


def chunks(view: memoryview) -> Iterator[Chunk]:
    """The chunks of a RIFF content. Raises InvalidInput."""
    at = 0
    for _ in range(MAX_PARTS):
        if at == len(view):
            return
        name, length = bytes(view[at : at + 4]), int.from_bytes(view[at + 4 : at + 8], "little")
        end = at + 8 + length
        if len(name) != 4 or end > len(view):
            raise damaged_picture()
        yield Chunk(name, view[at + 8 : end])
        at = min(end + length % 2, len(view))
    raise too_many_parts("chunks", MAX_PARTS)


def read_frame(frame: memoryview, once: dict[bytes, memoryview]) -> dict[bytes, memoryview]:
    """The picture of an animation with a single frame. Raises InvalidInput if the frame is not the whole picture."""
    picture: dict[bytes, memoryview] = {}
    for chunk in chunks(frame[FRAME_HEADER:]):
        picture.setdefault(chunk.name, chunk.body)
    canvas = once.get(b"VP8X", memoryview(b""))[4:10]
    if bytes(canvas) != bytes(frame[6:12]) or any(frame[:6]):
        raise animated_picture()
    return picture


def size_of(picture: dict[bytes, memoryview]) -> tuple[int, int]:
    """Width and height from the header of the coded pixels. Raises InvalidInput."""
    if (lossless := picture.get(LOSSLESS)) is not None:
        if len(lossless) < 5 or lossless[0] != 0x2F:
            raise damaged_picture()
        bits = int.from_bytes(lossless[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    lossy = picture.get(LOSSY, memoryview(b""))
    if len(lossy) < 10 or bytes(lossy[3:6]) != b"\x9d\x01\x2a":
        raise damaged_picture()
    width, height = struct.unpack_from("<HH", lossy, 6)
    return width & 0x3FFF, height & 0x3FFF


def assemble_webp(picture: dict[bytes, memoryview], width: int, height: int) -> bytes:
    """A WebP file from the coded pixels, and the alpha of lossy ones."""
    if LOSSLESS in picture:
        parts = [(LOSSLESS, picture[LOSSLESS])]
    elif ALPHA in picture:
        extended = bytes((HAS_ALPHA, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        parts = [(b"VP8X", memoryview(extended)), (ALPHA, picture[ALPHA]), (LOSSY, picture[LOSSY])]
    else:
        parts = [(LOSSY, picture[LOSSY])]
    content = b"".join(
        piece for name, body in parts for piece in (name, struct.pack("<I", len(body)), body, b"\0" * (len(body) % 2))
    )
    return b"RIFF" + struct.pack("<I", 4 + len(content)) + b"WEBP" + content


def is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"
