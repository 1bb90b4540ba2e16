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
    build_bomb,
    build_chunk,
    build_dynamic_blocks,
    build_noise,
    build_png,
    build_rows,
    draw_scene,
    encode,
)

MIB = 1024 * 1024
XMP = b"XML:com.adobe.xmp\0"
WORDS = (b"Comment\0", XMP, b"Raw profile type exif\0", b"Raw profile type icc\0")


def build_text_bomb(name: bytes, keyword: bytes, size: int) -> bytes:
    head = keyword + (b"\1\0\0\0" if name == b"iTXt" else b"\0")
    return build_png(build_chunk(name, head + build_bomb(size)), PIXELS)


def split_pixels(size: int, number: int) -> bytes:
    data = build_rows(64, 64) + bytes(size * number)
    if size == 0:
        return build_png(build_chunk(b"IDAT") * number, PIXELS)
    return build_png(*(build_chunk(b"IDAT", data[at : at + size]) for at in range(0, size * number, size)))


def repeat_chunk(part: bytes, number: int) -> bytes:
    return build_png(part * number, PIXELS)


def build_large(colour_type: int, depth: int, interlace: int, filter_type: int) -> bytes:
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    data = build_rows(SIDE, SIDE * (2 if interlace else 1), channels * depth // 8 or 1, filter_type)
    palette = build_chunk(b"PLTE", bytes(768)) if colour_type == 3 else b""
    return build_png(
        palette,
        build_chunk(b"IDAT", data),
        size=(SIDE, SIDE),
        depth=depth,
        colour_type=colour_type,
        interlace=interlace,
    )


def build_with_size(width: int, height: int) -> bytes:
    return build_png(build_chunk(b"IDAT", build_rows(8, 8)), size=(width, height))


def build_frames(number: int, stated_number: int) -> bytes:
    control = struct.pack(">IIIIIHHBB", 0, 64, 64, 0, 0, 1, 10, 0, 0)
    one = build_chunk(b"fcTL", control) + build_chunk(b"fdAT", b"\0\0\0\1" + build_rows(64, 64))
    return build_png(build_chunk(b"acTL", struct.pack(">II", stated_number, 0)), PIXELS, one * number)


def build_exif(entries: int, offset: int = 8) -> bytes:
    directory = struct.pack("<H", entries & 0xFFFF) + struct.pack("<HHII", 0x100, 3, 2**31, 8) * entries
    return b"II*\0" + struct.pack("<I", offset) + directory + struct.pack("<I", offset)


def append_to_pixels(size: int) -> bytes:
    return build_png(build_chunk(b"IDAT", build_bomb(size, (b"\0" + bytes(192)) * 64)))


def cut_off(share: float) -> bytes:
    content = encode(draw_scene((800, 600)), "PNG")
    return content[: int(len(content) * share)]


FILES: Files = {
    **{
        f"png {name.decode()} {keyword[:-1].decode()} bomb {size}": partial(build_text_bomb, name, keyword, size)
        for name in (b"zTXt", b"iTXt")
        for keyword in WORDS
        for size in (MIB, 20 * MIB)
    },
    **{
        f"png profile bomb {size}": partial(
            lambda size: build_png(build_chunk(b"iCCP", b"x\0\0" + build_bomb(size)), PIXELS), size
        )
        for size in (5000, MIB, 20 * MIB)
    },
    "png profile of blocks": lambda: build_png(build_chunk(b"iCCP", b"x\0\0" + build_dynamic_blocks(FULL)), PIXELS),
    "png text of blocks": lambda: build_png(build_chunk(b"zTXt", XMP + b"\0" + build_dynamic_blocks(FULL)), PIXELS),
    **{
        f"png pixels of blocks {size}": partial(
            lambda size: build_png(build_chunk(b"IDAT", build_dynamic_blocks(size))), size
        )
        for size in (MIB, 8 * MIB, FULL)
    },
    **{
        f"png pieces of {size} {number}": partial(split_pixels, size, number)
        for size, number in ((0, 2_000_000), (1, 19_000), (1, 1_500_000), (100, 19_990), (1000, 24_000))
    },
    **{
        f"png {name.decode()} times {number}": partial(repeat_chunk, build_chunk(name, b"a\0b"), number)
        for name in (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"sPLT", b"abCd")
        for number in (19_000, 1_000_000)
    },
    "png text of 24 MB": lambda: build_png(build_chunk(b"tEXt", b"Comment\0" + build_noise(FULL)), PIXELS),
    "png xmp of 24 MB": lambda: build_png(
        build_chunk(b"iTXt", XMP + bytes(4) + b"tiff:Orientation " * (FULL // 17)), PIXELS
    ),
    "png raw exif of 24 MB": lambda: build_png(
        build_chunk(b"tEXt", b"Raw profile type exif\0\nexif\n9\n" + b"0a\n" * (FULL // 3)), PIXELS
    ),
    "png words of nothing": lambda: build_png(build_chunk(b"tEXt", b"Raw profile type exif\0" + b" " * FULL), PIXELS),
    **{
        f"png large {colour_type} {depth} {interlace} {filter_type}": partial(
            build_large, colour_type, depth, interlace, filter_type
        )
        for colour_type, depth in ((0, 8), (2, 16), (3, 8), (6, 16))
        for interlace in (0, 1)
        for filter_type in (0, 4)
    },
    **{
        f"png lies {width} {height}": partial(build_with_size, width, height)
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
        f"png frames {number} {stated_number}": partial(build_frames, number, stated_number)
        for number, stated_number in ((2, 2), (5_000, 5_000), (5_000, 1), (5_000, 0), (0, 2**31), (100_000, 3))
    },
    **{
        f"png exif {entries} {offset}": partial(
            lambda entries, offset: build_png(build_chunk(b"eXIf", build_exif(entries, offset)), PIXELS),
            entries,
            offset,
        )
        for entries, offset in ((65_535, 8), (500_000, 8), (10, 2**32 - 1), (1, 0))
    },
    **{f"png after the end {size}": partial(append_to_pixels, size) for size in (MIB, 20 * MIB)},
    **{f"png cut {share}": partial(cut_off, share) for share in (0.1, 0.5, 0.9, 0.99)},
    "png transparency of 20 MB": lambda: build_png(build_chunk(b"tRNS", build_noise(20 * MIB)), PIXELS),
    "png palette of 20 MB": lambda: build_png(
        build_chunk(b"PLTE", build_noise(20 * MIB)), build_chunk(b"IDAT", build_rows(64, 64, 1)), colour_type=3
    ),
    "png key of no bytes": lambda: build_png(build_chunk(b"tRNS"), PIXELS),
    "png no palette": lambda: build_png(build_chunk(b"IDAT", build_rows(64, 64, 1)), colour_type=3),
    "png no pixels": lambda: build_png(),
    "png empty pixels": lambda: build_png(build_chunk(b"IDAT")),
    "png many headers": lambda: build_png(build_chunk(b"IHDR", bytes(13)) * 19_000, PIXELS),
    "png long chunk": lambda: SIGNATURE + b"\xff\xff\xff\xffIHDR" + bytes(100),
    "png wrong checksum": lambda: build_png(PIXELS[:-1] + b"\0"),
    "png no end": lambda: build_png(PIXELS)[:-12],
    "png two ends": lambda: build_png(build_chunk(b"IEND"), PIXELS),
    "png signature": lambda: SIGNATURE,
    **{
        f"png of {colour_type} {depth}": partial(
            lambda colour_type, depth: build_png(PIXELS, colour_type=colour_type, depth=depth), colour_type, depth
        )
        for colour_type, depth in ((1, 8), (2, 4), (3, 16), (7, 8), (0, 3), (255, 255))
    },
    **{f"png interlace {kind}": partial(lambda kind: build_png(PIXELS, interlace=kind), kind) for kind in (2, 255)},
    **{
        f"png colours {name.decode()} {value[:4].hex()}": partial(
            lambda name, value: build_png(build_chunk(name, value), PIXELS), name, value
        )
        for name in (b"gAMA", b"cHRM", b"cICP", b"sRGB")
        for value in (b"", bytes(32), b"\xff" * 32, struct.pack(">8i", *range(-4, 4)))
    },
    "png slow to pack": lambda: build_png(
        build_chunk(
            b"IDAT", zlib.compress(b"".join(b"\0" + (build_noise(61, row % 64) * 68)[:4096] for row in range(SIDE)), 1)
        ),
        size=(SIDE, SIDE),
        colour_type=0,
    ),
    "png filter of no kind": lambda: build_png(build_chunk(b"IDAT", build_rows(64, 64, 3, 9))),
}
