"""Hostile colour profiles, files in two formats at the same time, other formats, and pictures with random changes."""

import random
import struct
from functools import partial

from benchmarks.hostile.parts import Files, build_noise, draw_scene, encode

KINDS = {"PNG": "RGB", "JPEG": "RGB", "WEBP": "RGBA"}


def build_profile(
    tags: dict[bytes, bytes], *, space: bytes = b"RGB ", connection: bytes = b"Lab ", shared: bool = False
) -> bytes:
    """A version 4 profile. With `shared`, all tags have the offset of the first."""
    start = 132 + 12 * len(tags)
    table, bodies = b"", b""
    for name, body in tags.items():
        at = start if shared else start + len(bodies)
        table += struct.pack(">4sII", name, at, len(body))
        bodies += b"" if shared and bodies else body.ljust(-(-len(body) // 4) * 4, b"\0")
    head = struct.pack(">I4sI4s4s4s", start + len(bodies), bytes(4), 0x04400000, b"mntr", space, connection)
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + bodies


def build_lut(channels: int, grid: int, size: int) -> bytes:
    head = (
        b"mft1" + bytes(4) + bytes((channels, 3, grid, 0)) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    )
    return head + bytes(256 * channels) + build_noise(min(size, 3 * grid**channels)) + bytes(256 * 3)


def build_steps(number: int) -> bytes:
    """A pipeline of `number` steps that all have the same offset: a 3 x 3 matrix."""
    matrix = b"matf" + bytes(4) + struct.pack(">HH", 3, 3) + struct.pack(">12f", 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    at = 16 + 8 * number
    return (
        b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, number) + struct.pack(">II", at, len(matrix)) * number + matrix
    )


def build_tables(number: int, grid: int) -> bytes:
    """A pipeline of `number` colour tables that all have the same offset."""
    table = b"clut" + bytes(4) + struct.pack(">HH", 3, 3) + bytes((grid,) * 3) + bytes(13) + bytes(4 * 3 * grid**3)
    at = 16 + 8 * number
    return b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, number) + struct.pack(">II", at, len(table)) * number + table


def build_curve(count: int, stated_count: int | None = None) -> bytes:
    return (
        b"curv" + bytes(4) + struct.pack(">I", count if stated_count is None else stated_count) + build_noise(2 * count)
    )


def build_matrix_profile(body: bytes) -> bytes:
    xyz = b"XYZ " + bytes(4) + struct.pack(">3i", 30000, 30000, 30000)
    tags = dict.fromkeys((b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt"), xyz) | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), body)
    return build_profile(tags, connection=b"XYZ ")


PROFILES = {
    "table of 33": lambda: build_profile({b"A2B0": build_lut(3, 33, 10**6)}),
    "table of 110": lambda: build_profile({b"A2B0": build_lut(3, 110, 3_990_000)}),
    "table of 255": lambda: build_profile({b"A2B0": build_lut(3, 255, 1000)}),
    "table of one": lambda: build_profile({b"A2B0": build_lut(3, 1, 1000)}),
    "table of 15 channels": lambda: build_profile({b"A2B0": build_lut(15, 2, 100_000)}, space=b"FCLR"),
    "steps": lambda: build_profile({b"D2B0": build_steps(100), b"A2B0": build_lut(3, 2, 100)}),
    "many steps": lambda: build_profile({b"D2B0": build_steps(400_000), b"A2B0": build_lut(3, 2, 100)}),
    "tables in one place": lambda: build_profile({b"D2B0": build_tables(1000, 40), b"A2B0": build_lut(3, 2, 100)}),
    "many tables in one place": lambda: build_profile(
        {b"D2B0": build_tables(300_000, 30), b"A2B0": build_lut(3, 2, 100)}
    ),
    "long curves": lambda: build_matrix_profile(build_curve(600_000)),
    "curves that lie": lambda: build_matrix_profile(build_curve(10, 2**32 - 1)),
    "curves of one": lambda: build_matrix_profile(build_curve(1)),
    "many tags": lambda: build_profile({struct.pack(">I", at): b"text" + bytes(8) for at in range(100)}, shared=True),
    "tags that lie": lambda: build_matrix_profile(build_curve(2))[:128] + b"\xff" * 400,
    "short": lambda: build_matrix_profile(build_curve(2))[:60],
    "noise": lambda: build_matrix_profile(build_curve(2))[:132] + build_noise(100_000),
}


def encode_with_profile(kind: str, name: str) -> bytes:
    return encode(draw_scene((256, 256), KINDS[kind]), kind, icc_profile=PROFILES[name]())


def change_bytes(kind: str, seed: int) -> bytes:
    rng = random.Random(seed)
    content = bytearray(encode(draw_scene((640, 480), KINDS[kind]), kind))
    for _ in range(rng.randint(1, 30)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


STARTS = {
    "gif": b"GIF89a",
    "tiff": b"II*\0",
    "bmp": b"BM",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'>",
    "avif": b"\0\0\0\x1cftypavif",
    "heic": b"\0\0\0\x18ftypheic",
    "ico": b"\0\0\1\0\1\0",
    "psd": b"8BPS\0\1",
    "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "jpeg xl": b"\xff\x0a",
    "mng": b"\x8aMNG\r\n\x1a\n",
    "nothing": b"",
}


def prepend(start: bytes, rest: bytes | None = None) -> bytes:
    return start + (encode(draw_scene(), "PNG") if rest is None else rest)


def append_start(kind: str, start: bytes) -> bytes:
    return encode(draw_scene(mode=KINDS[kind]), kind) + start * 1000


FILES: Files = {
    **{
        f"{kind.lower()} profile {name}": partial(encode_with_profile, kind, name)
        for name in PROFILES
        for kind in KINDS
    },
    **{f"{kind.lower()} changed {seed}": partial(change_bytes, kind, seed) for kind in KINDS for seed in range(8)},
    **{f"{name} before a picture": partial(prepend, start) for name, start in STARTS.items() if start},
    **{f"{name} and noise": partial(prepend, start, build_noise(100_000)) for name, start in STARTS.items()},
    **{
        f"{name} behind a {kind.lower()}": partial(append_start, kind, start)
        for kind in KINDS
        for name, start in list(STARTS.items())[3:6]
    },
}
