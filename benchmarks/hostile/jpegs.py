"""Hostile JPEGs."""

import struct
from functools import partial

from benchmarks.hostile.parts import FULL, SIDE, Files, build_noise, build_segment, draw_scene, encode

START, END = b"\xff\xd8", b"\xff\xd9"
QUANTISATION = build_segment(0xDB, b"\0" + b"\1" * 64)
# Each table has one code of one bit: no difference, or a run of up to 32,767 blocks without coefficients.
DC = build_segment(0xC4, b"\0" + b"\1" + bytes(15) + b"\0")
AC = build_segment(0xC4, b"\x10" + b"\1" + bytes(15) + b"\xe0")
LONG_CODES = build_segment(0xC4, b"\0" + bytes(15) + b"\xff" + bytes(range(255)))


def build_frame(
    kind: int, width: int, height: int, channels: int = 1, sampling: int = 0x11, precision: int = 8
) -> bytes:
    parts = b"".join(bytes((number + 1, sampling, 0)) for number in range(channels))
    return build_segment(kind, struct.pack(">BHHB", precision, height, width, channels) + parts)


def build_scan(channel: int, first: int, last: int, data: bytes, height: int = 0) -> bytes:
    return build_segment(0xDA, bytes((1, channel, 0, first, last, height))) + data


def build_scans(number: int, channels: int = 1, side: int = SIDE) -> bytes:
    """A progressive picture: each channel has a scan without differences, and the other scans are empty runs."""
    blocks = (side // 8) ** 2
    empty_runs = b"\x7f\xfd" * (blocks // 16_384 + 1)  # no byte is 0xff, which would need stuffing
    body = b"".join(build_scan(channel + 1, 0, 0, bytes(blocks // 8)) for channel in range(channels))
    for at in range(number - channels):
        body += build_scan(at % channels + 1, 1, 63, empty_runs)
    return START + QUANTISATION + build_frame(0xC2, side, side, channels) + DC + AC + body + END


def insert_segments(*parts: bytes, number: int = 1) -> bytes:
    content = encode(draw_scene(), "JPEG")
    return START + b"".join(parts) * number + content[2:]


def insert_tables(part: bytes, number: int) -> bytes:
    content = build_scans(3)
    return content[:-2] + part * number + END


def build_with_data(data: bytes, kind: int = 0xC0, side: int = SIDE) -> bytes:
    return START + QUANTISATION + build_frame(kind, side, side) + DC + AC + build_scan(1, 0, 63, data) + END


def build_with_header(header: bytes) -> bytes:
    return START + QUANTISATION + header + DC + AC + build_scan(1, 0, 63, bytes(100)) + END


def cut_off(share: float, progressive: bool) -> bytes:
    content = encode(draw_scene((800, 600)), "JPEG", progressive=progressive)
    return content[: int(len(content) * share)]


def build_exif(entries: int, offset: int) -> bytes:
    entry = struct.pack(">HHII", 0x8769, 4, 1, 8)
    return build_segment(0xE1, b"Exif\0\0MM\0*" + struct.pack(">IH", offset, entries) + entry * min(entries, 5000))


PROFILE = b"ICC_PROFILE\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"

FILES: Files = {
    **{
        f"jpeg scans {number} {channels}": partial(build_scans, number, channels)
        for number in (64, 99, 100, 101, 1000, 4500, 100_000)
        for channels in (1, 3, 4)
    },
    **{
        f"jpeg exif of one byte {number}": partial(
            lambda number: insert_segments(build_segment(0xE1, b"Exif\0\0x"), number=number), number
        )
        for number in (1000, 19_000, 100_000, 2_000_000)
    },
    **{
        f"jpeg segments {marker:x} {number}": partial(insert_segments, build_segment(marker, b"x"), number=number)
        for marker in (0xE0, 0xE2, 0xED, 0xEE, 0xFE, 0xF0)
        for number in (19_000, 4_000_000)
    },
    **{
        f"jpeg metadata of 24 MB {marker:x}": partial(insert_segments, build_segment(marker, bytes(65_000)), number=380)
        for marker in (0xE1, 0xE2, 0xFE)
    },
    **{
        f"jpeg profile in {number}": partial(
            lambda number: insert_segments(
                *(build_segment(0xE2, PROFILE + bytes((at % 256, 255)) + bytes(60_000)) for at in range(number))
            ),
            number,
        )
        for number in (2, 255, 400)
    },
    "jpeg profile in one place": lambda: insert_segments(
        build_segment(0xE2, PROFILE + b"\1\xff" + bytes(60_000)), number=300
    ),
    **{
        f"jpeg exif {entries} {offset}": partial(
            lambda entries, offset: insert_segments(build_exif(entries, offset)), entries, offset
        )
        for entries, offset in ((65_535, 8), (5000, 8), (1, 2**32 - 1), (65_535, 0))
    },
    "jpeg xmp of spaces": lambda: insert_segments(
        build_segment(0xE1, XMP + b"tiff:Orientation" + b" " * 60_000), number=300
    ),
    "jpeg xmp of orientations": lambda: insert_segments(build_segment(0xE1, XMP + b'tiff:Orientation  = "' * 3000)),
    **{
        f"jpeg tables {name} {number}": partial(insert_tables, part, number)
        for name, part in (
            ("dht", DC),
            ("long", LONG_CODES),
            ("dqt", QUANTISATION),
            ("dri", build_segment(0xDD, b"\0\1")),
        )
        for number in (10_000, 80_000)
    },
    "jpeg restarts": lambda: build_with_data(b"\xff\xd0" * (FULL // 2)),
    "jpeg restarts in turn": lambda: (
        START
        + build_segment(0xDD, b"\0\1")
        + build_with_data(b"".join(b"\0\xff" + bytes((0xD0 + at % 8,)) for at in range(300_000)))[2:]
    ),
    "jpeg stuffed": lambda: build_with_data(b"\xff\0" * (FULL // 2)),
    "jpeg filling": lambda: build_with_data(b"\xff" * FULL),
    "jpeg filling before a marker": lambda: START + b"\xff" * FULL + build_with_data(bytes(100))[2:],
    "jpeg zeros": lambda: build_with_data(bytes(FULL)),
    "jpeg noise": lambda: build_with_data(build_noise(FULL).replace(b"\xff", b"\xfe")),
    "jpeg progressive noise": lambda: (
        START
        + QUANTISATION
        + build_frame(0xC2, SIDE, SIDE, 3)
        + DC
        + AC
        + b"".join(
            build_scan(
                1 + at % 3, 0 if at < 3 else 1, 0 if at < 3 else 63, build_noise(200_000, at).replace(b"\xff", b"\xfe")
            )
            for at in range(99)
        )
        + END
    ),
    **{
        f"jpeg of kind {kind:x}": partial(lambda kind: build_with_header(build_frame(kind, 64, 64)), kind)
        for kind in (0xC1, 0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xCF)
    },
    **{
        f"jpeg {width} x {height}": partial(
            lambda width, height: build_with_header(build_frame(0xC0, width, height)), width, height
        )
        for width, height in ((65_535, 65_535), (SIDE, SIDE), (0, 0), (64, 0), (0, 64), (1, 65_535))
    },
    **{
        f"jpeg channels {channels} {sampling:x}": partial(
            lambda channels, sampling: build_with_header(build_frame(0xC0, SIDE, SIDE, channels, sampling)),
            channels,
            sampling,
        )
        for channels, sampling in ((2, 0x11), (3, 0x44), (4, 0x44), (255, 0x11), (3, 0), (3, 0xFF), (0, 0x11))
    },
    **{
        f"jpeg bits {bits}": partial(lambda bits: build_with_header(build_frame(0xC1, 64, 64, precision=bits)), bits)
        for bits in (0, 12, 16)
    },
    "jpeg two frames": lambda: START + build_frame(0xC0, 64, 64) + build_with_header(build_frame(0xC0, SIDE, SIDE))[2:],
    "jpeg many frames": lambda: START + build_frame(0xC0, 64, 64) * 19_000 + END,
    "jpeg a million pictures": lambda: encode(draw_scene(), "JPEG") * 9_000,
    "jpeg starts": lambda: START * (FULL // 2),
    **{
        f"jpeg cut {share} {progressive}": partial(cut_off, share, progressive)
        for share in (0.05, 0.5, 0.9, 0.999)
        for progressive in (False, True)
    },
    "jpeg long segment": lambda: START + b"\xff\xe1\xff\xff" + bytes(10),
    "jpeg short segment": lambda: START + b"\xff\xe1\0\1" + bytes(10),
}
