"""Hostile WebPs."""

import random
import struct
from functools import partial

from PIL import Image

from benchmarks.hostile.parts import FULL, SIDE, Bits, Files, encoded, noise, riff, scene


def chunks_of(content: bytes) -> bytes:
    return content[12:]


def body_of(content: bytes) -> bytes:
    """The content of the only chunk."""
    return content[20 : 20 + int.from_bytes(content[16:20], "little")]


def canvas(flags: int, width: int, height: int) -> tuple[bytes, bytes]:
    return b"VP8X", bytes((flags, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def lossless() -> bytes:
    return encoded(scene(), "WEBP", lossless=True)


def with_part(name: bytes, body: bytes, number: int = 1) -> bytes:
    return riff(canvas(0x2C, 96, 64), *[(name, body)] * number, (b"VP8L", body_of(lossless())))


def animation(number: int, size: int = 96, offset: int = 0) -> bytes:
    place = struct.pack("<I", offset)[:3]
    head = place * 2 + (size - 1).to_bytes(3, "little") + (63).to_bytes(3, "little") + bytes(4)
    frame = (b"ANMF", head + chunks_of(lossless()))
    return riff(canvas(2, 96, 64), (b"ANIM", bytes(6)), *[frame] * number)


def groups(bits: int, number: int, width: int = SIDE, height: int = SIDE) -> bytes:
    """A lossless picture with `number` groups of Huffman codes. Its decoder builds tables for each group."""
    out = Bits()
    out.put(0x2F, 8)
    out.put(width - 1, 14)
    out.put(height - 1, 14)
    out.put(0, 4)  # no alpha, version 0
    out.put(0, 1)  # no transform
    out.put(0, 1)  # no colour cache
    out.put(1, 1)
    out.put(bits - 2, 3)
    out.put(0, 1)  # the entropy image has no colour cache
    for places in (280, 256):  # green and red: 256 symbols of eight bits each
        eight_bits(out, places)
    for _ in range(3):
        one_symbol(out, 0)
    tiles = (-(-width // 2**bits)) * (-(-height // 2**bits))
    chance = random.Random(1)
    for at in range(tiles):
        group = at if at < number else chance.randrange(number)
        out.put(reversed_bits(group & 255), 8)
        out.put(reversed_bits(group >> 8), 8)
    for group in range(number):
        for code in range(5):
            one_symbol(out, group * 7 + code & 255 if code < 4 else 0)
    return riff((b"VP8L", out.bytes()))


def reversed_bits(value: int) -> int:
    return int(f"{value:08b}"[::-1], 2)


def one_symbol(out: Bits, symbol: int) -> None:
    out.put(1, 1)  # simple
    out.put(0, 1)  # one symbol
    out.put(1, 1)  # of eight bits
    out.put(symbol, 8)


def eight_bits(out: Bits, places: int) -> None:
    """A code whose first 256 symbols have eight bits each. The others have no code."""
    out.put(0, 1)  # not simple
    out.put(12 - 4, 4)  # 12 code lengths follow
    for symbol in (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8):
        out.put(1 if symbol in (8, 0) else 0, 3)
    out.put(0, 1)  # all symbols have a length
    for place in range(places):
        out.put(1 if place < 256 else 0, 1)  # the two lengths have one bit each: 0 for none, 1 for eight


def cut(share: float, lossy: bool) -> bytes:
    whole = encoded(scene((800, 600)), "WEBP", lossless=not lossy)
    return whole[: int(len(whole) * share)]


def cut_in_the_middle(share: float, size: int = SIDE) -> bytes:
    """A complete container with pixel data that ends too early."""
    body = body_of(encoded(Image.new("RGB", (size, size)), "WEBP", lossless=True))
    return riff((b"VP8L", body[: max(5, int(len(body) * share))]))


FILES: Files = {
    **{
        f"webp groups {number} of {bits} bits": partial(groups, bits, number)
        for bits, number in ((2, 60_000), (2, 65_536), (3, 65_536), (4, 30_000), (5, 10_000), (9, 64))
    },
    **{
        f"webp {name.decode()} of 20 MB": partial(with_part, name, noise(20 * 1024 * 1024))
        for name in (b"ICCP", b"EXIF", b"XMP ", b"JUNK", b"ALPH")
    },
    **{
        f"webp {name.decode()} times {number}": partial(with_part, name, b"x", number)
        for name in (b"ICCP", b"EXIF", b"XMP ", b"JUNK")
        for number in (19_000, 1_000_000)
    },
    **{f"webp frames {number}": partial(animation, number) for number in (2, 1000, 19_000)},
    "webp frame elsewhere": partial(animation, 1, 64, 8),
    "webp frame of another size": partial(animation, 1, 95),
    "webp frame of nothing": lambda: riff(canvas(2, 96, 64), (b"ANIM", bytes(6)), (b"ANMF", bytes(16))),
    "webp frame too short": lambda: riff(canvas(2, 96, 64), (b"ANIM", bytes(6)), (b"ANMF", b"x")),
    "webp frame of a million chunks": lambda: riff(
        canvas(2, 96, 64), (b"ANMF", bytes(16) + (b"JUNK" + bytes(4)) * 1_000_000)
    ),
    **{
        f"webp cut {share} {lossy}": partial(cut, share, lossy) for share in (0.1, 0.5, 0.99) for lossy in (False, True)
    },
    **{f"webp pixels cut {share}": partial(cut_in_the_middle, share) for share in (0.01, 0.5, 0.95)},
    "webp of nothing": lambda: riff(),
    "webp without pixels": lambda: riff(canvas(0, SIDE, SIDE)),
    "webp of 16384 pixels": lambda: riff((b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(100))),
    "webp of 4096 pixels and nothing": lambda: riff((b"VP8L", b"\x2f\xff\xcf\xff\x03" + bytes(100))),
    "webp lossy of nothing": lambda: riff((b"VP8 ", b"\x10\0\0\x9d\x01\x2a\0\x10\0\x10" + bytes(100))),
    "webp lossy of noise": lambda: riff((b"VP8 ", b"\x10\xff\xff\x9d\x01\x2a\0\x10\0\x10" + noise(FULL))),
    "webp lossless noise": lambda: riff((b"VP8L", b"\x2f\xff\xcf\xff\x03" + noise(FULL))),
    "webp another canvas": lambda: riff(canvas(0, SIDE, SIDE), (b"VP8L", body_of(lossless()))),
    "webp long chunk": lambda: b"RIFF\x20\0\0\0WEBPVP8L\xff\xff\xff\xff" + bytes(20),
    "webp long file": lambda: b"RIFF\xff\xff\xff\xffWEBP" + bytes(20),
    "webp short file": lambda: b"RIFF\0\0\0\0WEBP" + chunks_of(lossless()),
    "webp both kinds": lambda: riff((b"VP8L", body_of(lossless())), (b"VP8 ", bytes(100))),
    "webp alpha of noise": lambda: riff(
        canvas(0x10, 96, 64), (b"ALPH", b"\1" + noise(5000)), (b"VP8 ", body_of(encoded(scene(), "WEBP")))
    ),
    "webp alpha of nothing": lambda: riff(
        canvas(0x10, 96, 64), (b"ALPH", b""), (b"VP8 ", body_of(encoded(scene(), "WEBP")))
    ),
}
