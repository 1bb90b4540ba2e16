"""Hostile WebPs."""

import random
import struct
from functools import partial

from PIL import Image

from benchmarks.hostile.parts import FULL, SIDE, Bits, Files, build_noise, build_riff, draw_scene, encode


def read_chunks(content: bytes) -> bytes:
    return content[12:]


def read_body(content: bytes) -> bytes:
    """The content of the only chunk."""
    return content[20 : 20 + int.from_bytes(content[16:20], "little")]


def build_canvas(flags: int, width: int, height: int) -> tuple[bytes, bytes]:
    return b"VP8X", bytes((flags, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def encode_lossless() -> bytes:
    return encode(draw_scene(), "WEBP", lossless=True)


def insert_chunk(name: bytes, body: bytes, number: int = 1) -> bytes:
    return build_riff(build_canvas(0x2C, 96, 64), *[(name, body)] * number, (b"VP8L", read_body(encode_lossless())))


def build_animation(number: int, size: int = 96, offset: int = 0) -> bytes:
    place = struct.pack("<I", offset)[:3]
    head = place * 2 + (size - 1).to_bytes(3, "little") + (63).to_bytes(3, "little") + bytes(4)
    frame = (b"ANMF", head + read_chunks(encode_lossless()))
    return build_riff(build_canvas(2, 96, 64), (b"ANIM", bytes(6)), *[frame] * number)


def build_groups(tile_bits: int, number: int, width: int = SIDE, height: int = SIDE) -> bytes:
    """A lossless picture with `number` groups of Huffman codes. Its decoder builds tables for each group."""
    bits = Bits()
    bits.put(0x2F, 8)
    bits.put(width - 1, 14)
    bits.put(height - 1, 14)
    bits.put(0, 4)  # no alpha, version 0
    bits.put(0, 1)  # no transform
    bits.put(0, 1)  # no colour cache
    bits.put(1, 1)
    bits.put(tile_bits - 2, 3)
    bits.put(0, 1)  # the entropy image has no colour cache
    for places in (280, 256):  # green and red: 256 symbols of eight bits each
        write_eight_bits(bits, places)
    for _ in range(3):
        write_one_symbol(bits, 0)
    tiles = (-(-width // 2**tile_bits)) * (-(-height // 2**tile_bits))
    rng = random.Random(1)
    for at in range(tiles):
        group = at if at < number else rng.randrange(number)
        bits.put(reverse_bits(group & 255), 8)
        bits.put(reverse_bits(group >> 8), 8)
    for group in range(number):
        for code in range(5):
            write_one_symbol(bits, group * 7 + code & 255 if code < 4 else 0)
    return build_riff((b"VP8L", bits.bytes()))


def reverse_bits(value: int) -> int:
    return int(f"{value:08b}"[::-1], 2)


def write_one_symbol(bits: Bits, symbol: int) -> None:
    bits.put(1, 1)  # simple
    bits.put(0, 1)  # one symbol
    bits.put(1, 1)  # of eight bits
    bits.put(symbol, 8)


def write_eight_bits(bits: Bits, places: int) -> None:
    """A code whose first 256 symbols have eight bits each. The others have no code."""
    bits.put(0, 1)  # not simple
    bits.put(12 - 4, 4)  # 12 code lengths follow
    for symbol in (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8):
        bits.put(1 if symbol in (8, 0) else 0, 3)
    bits.put(0, 1)  # all symbols have a length
    for place in range(places):
        bits.put(1 if place < 256 else 0, 1)  # the two lengths have one bit each: 0 for none, 1 for eight


def cut_off(share: float, lossy: bool) -> bytes:
    content = encode(draw_scene((800, 600)), "WEBP", lossless=not lossy)
    return content[: int(len(content) * share)]


def cut_pixels(share: float, size: int = SIDE) -> bytes:
    """A complete container with pixel data that ends too early."""
    body = read_body(encode(Image.new("RGB", (size, size)), "WEBP", lossless=True))
    return build_riff((b"VP8L", body[: max(5, int(len(body) * share))]))


FILES: Files = {
    **{
        f"webp groups {number} of {tile_bits} bits": partial(build_groups, tile_bits, number)
        for tile_bits, number in ((2, 60_000), (2, 65_536), (3, 65_536), (4, 30_000), (5, 10_000), (9, 64))
    },
    **{
        f"webp {name.decode()} of 20 MB": partial(insert_chunk, name, build_noise(20 * 1024 * 1024))
        for name in (b"ICCP", b"EXIF", b"XMP ", b"JUNK", b"ALPH")
    },
    **{
        f"webp {name.decode()} times {number}": partial(insert_chunk, name, b"x", number)
        for name in (b"ICCP", b"EXIF", b"XMP ", b"JUNK")
        for number in (19_000, 1_000_000)
    },
    **{f"webp frames {number}": partial(build_animation, number) for number in (2, 1000, 19_000)},
    "webp frame elsewhere": partial(build_animation, 1, 64, 8),
    "webp frame of another size": partial(build_animation, 1, 95),
    "webp frame of nothing": lambda: build_riff(build_canvas(2, 96, 64), (b"ANIM", bytes(6)), (b"ANMF", bytes(16))),
    "webp frame too short": lambda: build_riff(build_canvas(2, 96, 64), (b"ANIM", bytes(6)), (b"ANMF", b"x")),
    "webp frame of a million chunks": lambda: build_riff(
        build_canvas(2, 96, 64), (b"ANMF", bytes(16) + (b"JUNK" + bytes(4)) * 1_000_000)
    ),
    **{
        f"webp cut {share} {lossy}": partial(cut_off, share, lossy)
        for share in (0.1, 0.5, 0.99)
        for lossy in (False, True)
    },
    **{f"webp pixels cut {share}": partial(cut_pixels, share) for share in (0.01, 0.5, 0.95)},
    "webp of nothing": lambda: build_riff(),
    "webp without pixels": lambda: build_riff(build_canvas(0, SIDE, SIDE)),
    "webp of 16384 pixels": lambda: build_riff((b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(100))),
    "webp of 4096 pixels and nothing": lambda: build_riff((b"VP8L", b"\x2f\xff\xcf\xff\x03" + bytes(100))),
    "webp lossy of nothing": lambda: build_riff((b"VP8 ", b"\x10\0\0\x9d\x01\x2a\0\x10\0\x10" + bytes(100))),
    "webp lossy of noise": lambda: build_riff((b"VP8 ", b"\x10\xff\xff\x9d\x01\x2a\0\x10\0\x10" + build_noise(FULL))),
    "webp lossless noise": lambda: build_riff((b"VP8L", b"\x2f\xff\xcf\xff\x03" + build_noise(FULL))),
    "webp another canvas": lambda: build_riff(build_canvas(0, SIDE, SIDE), (b"VP8L", read_body(encode_lossless()))),
    "webp long chunk": lambda: b"RIFF\x20\0\0\0WEBPVP8L\xff\xff\xff\xff" + bytes(20),
    "webp long file": lambda: b"RIFF\xff\xff\xff\xffWEBP" + bytes(20),
    "webp short file": lambda: b"RIFF\0\0\0\0WEBP" + read_chunks(encode_lossless()),
    "webp both kinds": lambda: build_riff((b"VP8L", read_body(encode_lossless())), (b"VP8 ", bytes(100))),
    "webp alpha of noise": lambda: build_riff(
        build_canvas(0x10, 96, 64),
        (b"ALPH", b"\1" + build_noise(5000)),
        (b"VP8 ", read_body(encode(draw_scene(), "WEBP"))),
    ),
    "webp alpha of nothing": lambda: build_riff(
        build_canvas(0x10, 96, 64), (b"ALPH", b""), (b"VP8 ", read_body(encode(draw_scene(), "WEBP")))
    ),
}
