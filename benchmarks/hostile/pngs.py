"""Hostile PNGs."""

import struct
import zlib
from functools import partial

from benchmarks.hostile.parts import (
    FULL,
    PIXELS,
    SIDE,
    SIGNATURE,
    Files,
    bomb,
    chunk,
    dynamic_blocks,
    encoded,
    noise,
    png,
    rows,
    scene,
)

MIB = 1024 * 1024
XMP = b"XML:com.adobe.xmp\0"
WORDS = (b"Comment\0", XMP, b"Raw profile type exif\0", b"Raw profile type icc\0")


def text_bomb(name: bytes, keyword: bytes, size: int) -> bytes:
    head = keyword + (b"\1\0\0\0" if name == b"iTXt" else b"\0")
    return png(chunk(name, head + bomb(size)), PIXELS)


def pieces(size: int, number: int) -> bytes:
    data = rows(64, 64) + bytes(size * number)
    if size == 0:
        return png(chunk(b"IDAT") * number, PIXELS)
    return png(*(chunk(b"IDAT", data[at : at + size]) for at in range(0, size * number, size)))


def many(part: bytes, number: int) -> bytes:
    return png(part * number, PIXELS)


def large(colour_type: int, depth: int, interlace: int, filter_type: int) -> bytes:
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    data = rows(SIDE, SIDE * (2 if interlace else 1), channels * depth // 8 or 1, filter_type)
    palette = chunk(b"PLTE", bytes(768)) if colour_type == 3 else b""
    return png(
        palette, chunk(b"IDAT", data), size=(SIDE, SIDE), depth=depth, colour_type=colour_type, interlace=interlace
    )


def lies(width: int, height: int) -> bytes:
    return png(chunk(b"IDAT", rows(8, 8)), size=(width, height))


def frames(number: int, said: int) -> bytes:
    control = struct.pack(">IIIIIHHBB", 0, 64, 64, 0, 0, 1, 10, 0, 0)
    one = chunk(b"fcTL", control) + chunk(b"fdAT", b"\0\0\0\1" + rows(64, 64))
    return png(chunk(b"acTL", struct.pack(">II", said, 0)), PIXELS, one * number)


def exif(entries: int, offset: int = 8) -> bytes:
    directory = struct.pack("<H", entries & 0xFFFF) + struct.pack("<HHII", 0x100, 3, 2**31, 8) * entries
    return b"II*\0" + struct.pack("<I", offset) + directory + struct.pack("<I", offset)


def after_the_end(size: int) -> bytes:
    return png(chunk(b"IDAT", bomb(size, (b"\0" + bytes(192)) * 64)))


def cut(share: float) -> bytes:
    whole = encoded(scene((800, 600)), "PNG")
    return whole[: int(len(whole) * share)]


FILES: Files = {
    **{
        f"png {name.decode()} {keyword[:-1].decode()} bomb {size}": partial(text_bomb, name, keyword, size)
        for name in (b"zTXt", b"iTXt")
        for keyword in WORDS
        for size in (MIB, 20 * MIB)
    },
    **{
        f"png profile bomb {size}": partial(lambda size: png(chunk(b"iCCP", b"x\0\0" + bomb(size)), PIXELS), size)
        for size in (5000, MIB, 20 * MIB)
    },
    "png profile of blocks": lambda: png(chunk(b"iCCP", b"x\0\0" + dynamic_blocks(FULL)), PIXELS),
    "png text of blocks": lambda: png(chunk(b"zTXt", XMP + b"\0" + dynamic_blocks(FULL)), PIXELS),
    **{
        f"png pixels of blocks {size}": partial(lambda size: png(chunk(b"IDAT", dynamic_blocks(size))), size)
        for size in (MIB, 8 * MIB, FULL)
    },
    **{
        f"png pieces of {size} {number}": partial(pieces, size, number)
        for size, number in ((0, 2_000_000), (1, 19_000), (1, 1_500_000), (100, 19_990), (1000, 24_000))
    },
    **{
        f"png {name.decode()} times {number}": partial(many, chunk(name, b"a\0b"), number)
        for name in (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"sPLT", b"abCd")
        for number in (19_000, 1_000_000)
    },
    "png text of 24 MB": lambda: png(chunk(b"tEXt", b"Comment\0" + noise(FULL)), PIXELS),
    "png xmp of 24 MB": lambda: png(chunk(b"iTXt", XMP + bytes(4) + b"tiff:Orientation " * (FULL // 17)), PIXELS),
    "png raw exif of 24 MB": lambda: png(
        chunk(b"tEXt", b"Raw profile type exif\0\nexif\n9\n" + b"0a\n" * (FULL // 3)), PIXELS
    ),
    "png words of nothing": lambda: png(chunk(b"tEXt", b"Raw profile type exif\0" + b" " * FULL), PIXELS),
    **{
        f"png large {colour_type} {depth} {interlace} {filter_type}": partial(
            large, colour_type, depth, interlace, filter_type
        )
        for colour_type, depth in ((0, 8), (2, 16), (3, 8), (6, 16))
        for interlace in (0, 1)
        for filter_type in (0, 4)
    },
    **{
        f"png lies {width} {height}": partial(lies, width, height)
        for width, height in (
            (SIDE, SIDE),
            (60_000, 60_000),
            (2**31 - 1, 2**31 - 1),
            (0, 0),
            (4096, 512),
            (2**31, 16),
            (17, 17),
        )
    },
    **{
        f"png frames {number} {said}": partial(frames, number, said)
        for number, said in ((2, 2), (5_000, 5_000), (5_000, 1), (5_000, 0), (0, 2**31), (100_000, 3))
    },
    **{
        f"png exif {entries} {offset}": partial(
            lambda entries, offset: png(chunk(b"eXIf", exif(entries, offset)), PIXELS), entries, offset
        )
        for entries, offset in ((65_535, 8), (500_000, 8), (10, 2**32 - 1), (1, 0))
    },
    **{f"png after the end {size}": partial(after_the_end, size) for size in (MIB, 20 * MIB)},
    **{f"png cut {share}": partial(cut, share) for share in (0.1, 0.5, 0.9, 0.99)},
    "png transparency of 20 MB": lambda: png(chunk(b"tRNS", noise(20 * MIB)), PIXELS),
    "png palette of 20 MB": lambda: png(
        chunk(b"PLTE", noise(20 * MIB)), chunk(b"IDAT", rows(64, 64, 1)), colour_type=3
    ),
    "png key of no bytes": lambda: png(chunk(b"tRNS"), PIXELS),
    "png no palette": lambda: png(chunk(b"IDAT", rows(64, 64, 1)), colour_type=3),
    "png no pixels": lambda: png(),
    "png empty pixels": lambda: png(chunk(b"IDAT")),
    "png many headers": lambda: png(chunk(b"IHDR", bytes(13)) * 19_000, PIXELS),
    "png long chunk": lambda: SIGNATURE + b"\xff\xff\xff\xffIHDR" + bytes(100),
    "png wrong checksum": lambda: png(PIXELS[:-1] + b"\0"),
    "png no end": lambda: png(PIXELS)[:-12],
    "png two ends": lambda: png(chunk(b"IEND"), PIXELS),
    "png signature": lambda: SIGNATURE,
    **{
        f"png of {colour_type} {depth}": partial(
            lambda colour_type, depth: png(PIXELS, colour_type=colour_type, depth=depth), colour_type, depth
        )
        for colour_type, depth in ((1, 8), (2, 4), (3, 16), (7, 8), (0, 3), (255, 255))
    },
    **{f"png interlace {kind}": partial(lambda kind: png(PIXELS, interlace=kind), kind) for kind in (2, 255)},
    **{
        f"png colours {name.decode()} {value[:4].hex()}": partial(
            lambda name, value: png(chunk(name, value), PIXELS), name, value
        )
        for name in (b"gAMA", b"cHRM", b"cICP", b"sRGB")
        for value in (b"", bytes(32), b"\xff" * 32, struct.pack(">8i", *range(-4, 4)))
    },
    "png slow to pack": lambda: png(
        chunk(b"IDAT", zlib.compress(b"".join(b"\0" + (noise(61, row % 64) * 68)[:4096] for row in range(SIDE)), 1)),
        size=(SIDE, SIDE),
        colour_type=0,
    ),
    "png filter of no kind": lambda: png(chunk(b"IDAT", rows(64, 64, 3, 9))),
}
