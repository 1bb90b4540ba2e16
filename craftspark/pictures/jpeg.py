"""JPEG files according to ITU-T `T.81`: the markers up to the end of the first picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from craftspark.pictures.orientation import orientation
from craftspark.pictures.structure import (
    MAX_PARTS,
    MAX_PROFILE,
    Colour,
    Structure,
    check_size,
    damaged_picture,
    invalid_picture,
    profile_too_large,
    too_many_parts,
)

START = b"\xff\xd8"
END = 0xD9
SCAN = 0xDA
APP0, APP1, APP2, ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
# Baseline, extended and progressive with Huffman coding, as cameras, browsers and editors write them.
FRAMES = (0xC0, 0xC1, 0xC2)
OTHER_FRAMES = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
TABLES = (0xDB, 0xC4, 0xDD)  # quantisation, Huffman codes, restart interval
ALONE = (0x01, *range(0xD0, 0xD9))  # markers without a segment: TEM, restarts, SOI
# The next marker of a scan: not a stuffed byte, a restart marker or a fill byte.
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
NOT_FILLING = re.compile(rb"[^\xff]")
# Each scan processes every block of the picture, regardless of its size. Encoders write 10 scans, optimisers up to 64.
MAX_SCANS = 100
EXIF, XMP, PROFILE = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"


@dataclass(frozen=True)
class Segment:
    """A marker with its content. The content of a scan extends to the next marker."""

    marker: int
    body: memoryview
    whole: memoryview


def read_jpeg(content: bytes) -> Structure:
    """The first picture's facts; raises InvalidInput. `pixels` is a JPEG without metadata."""
    kept: list[bytes | memoryview] = [START]
    frame: memoryview | None = None
    scans = 0
    metadata = Metadata()
    for segment in segments(content):
        if segment.marker in FRAMES:
            if frame is not None:
                raise damaged_picture()
            frame = segment.body
            check_frame(frame)
        elif segment.marker in OTHER_FRAMES:
            raise invalid_picture("it is a lossless, hierarchical or arithmetic JPEG; save it as a baseline JPEG")
        elif segment.marker == SCAN:
            scans += 1
            if scans > MAX_SCANS:
                raise too_many_parts("scans", MAX_SCANS)
        if segment.marker in (*FRAMES, *TABLES, SCAN):
            kept.append(segment.whole)
        elif not scans and (says := metadata.take(segment)):
            kept.append(says)
    if frame is None or not scans:
        raise damaged_picture()
    kept.append(bytes((0xFF, END)))
    return Structure(
        format="JPEG",
        width=int.from_bytes(frame[3:5], "big"),
        height=int.from_bytes(frame[1:3], "big"),
        pixels=b"".join(kept),
        colour=Colour(profile=metadata.profile()),
        orientation=orientation(metadata.exif, metadata.xmp),
    )


def check_frame(frame: memoryview) -> None:
    """Raise InvalidInput unless the frame header has 8 bits per channel and allowed sizes."""
    if len(frame) < 6 or len(frame) != 6 + 3 * frame[5]:
        raise damaged_picture()
    if frame[0] != 8:
        raise invalid_picture(f"it has {frame[0]} bits per channel; save it with 8")
    height = int.from_bytes(frame[1:3], "big")
    if height == 0:
        raise invalid_picture("its header has no height; save it again and send the new file")
    check_size(int.from_bytes(frame[3:5], "big"), height)
    if frame[5] not in (1, 3, 4):
        raise invalid_picture(f"it has {frame[5]} channels; save it as RGB")


def segments(content: bytes) -> Iterator[Segment]:
    """The segments of the first picture, in order. Raises InvalidInput if its end is missing."""
    view = memoryview(content)
    at = len(START)
    for _ in range(MAX_PARTS):
        if content.startswith(b"\xff\xff", at) and (past := NOT_FILLING.search(content, at)):
            at = past.start() - 1
        if not content.startswith(b"\xff", at) or at + 2 > len(view):
            raise damaged_picture()
        marker = view[at + 1]
        if marker == END:
            return
        if marker in ALONE:
            at += 2
            continue
        length = int.from_bytes(view[at + 2 : at + 4], "big")
        end = at + 2 + length
        if length < 2 or end > len(view):
            raise damaged_picture()
        body = view[at + 4 : end]
        if marker == SCAN:
            following = NEXT_MARKER.search(content, end)
            if following is None:
                raise damaged_picture()
            end = following.start()
        yield Segment(marker, body, view[at:end])
        at = end
    raise too_many_parts("segments", MAX_PARTS)


class Metadata:
    """Orientation and colour information from a JPEG's application segments. The first segment of each kind counts."""

    def __init__(self) -> None:
        self.exif: bytes | None = None
        self.xmp: bytes | None = None
        self._parts: dict[int, bytes] = {}
        self._size = 0

    def take(self, segment: Segment) -> bytes | None:
        """Record a segment. Returns it if a decoder needs it to interpret the channels."""
        body = bytes(segment.body)
        if segment.marker == APP1 and body.startswith(EXIF):
            self.exif = self.exif or body
        elif segment.marker == APP1 and body.startswith(XMP):
            self.xmp = self.xmp or body
        elif segment.marker == APP2 and body.startswith(PROFILE) and len(body) > len(PROFILE) + 2:
            self._take_profile(body[len(PROFILE) :])
        elif segment.marker == APP0 and body.startswith(b"JFIF\0"):
            return b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
        elif segment.marker == ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
            return b"\xff\xee\0\x0e" + body[:12]
        return None

    def _take_profile(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > MAX_PROFILE:
            raise profile_too_large()
        self._parts.setdefault(part[0], part[2:])

    def profile(self) -> bytes | None:
        return b"".join(self._parts[number] for number in sorted(self._parts)) or None


def is_jpeg(content: bytes) -> bool:
    return content.startswith(START + b"\xff")
