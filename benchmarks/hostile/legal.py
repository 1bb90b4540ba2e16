"""The most expensive pictures that are accepted: the largest size, the most bytes per pixel, a profile, a rotation."""

import struct
import zlib
from typing import Any

from PIL import Image, ImageCms

from benchmarks.hostile.parts import SIDE, Files, build_chunk, build_png, encode

SIZE = (SIDE, SIDE)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def build_rotation() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def draw_noise(mode: str) -> Image.Image:
    band = Image.effect_noise(SIZE, 60)
    bands = [band, band.transpose(Image.Transpose.ROTATE_90), band.transpose(Image.Transpose.ROTATE_180)]
    return Image.merge(mode, [*bands, band.transpose(Image.Transpose.ROTATE_270)][: len(mode)])


def encode_noise(mode: str, kind: str, **options: Any) -> bytes:
    return encode(
        draw_noise(mode), kind, exif=build_rotation(), icc_profile=SRGB if mode != "CMYK" else None, **options
    )


def encode_lossless() -> bytes:
    picture = draw_noise("RGBA").point([value // 32 * 32 for value in range(256)] * 4)
    return encode(picture, "WEBP", lossless=True, method=0, quality=0, exif=build_rotation(), icc_profile=SRGB)


def build_deep_png(interlace: int) -> bytes:
    """An RGBA picture with 16 bits per channel and four different rows."""
    rows = [b"\1" + (struct.pack(">I", number * 0x01234567) * 2 * SIDE) for number in range(4)]
    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(rows[at % 4]) for at in range(SIDE * (1 if not interlace else 2))) + packer.flush()
    parts = (
        build_chunk(b"iCCP", b"x\0\0" + zlib.compress(SRGB)),
        build_chunk(b"eXIf", build_rotation().tobytes().removeprefix(b"Exif\0\0")),
        build_chunk(b"IDAT", body),
    )
    return build_png(*parts, size=SIZE, depth=16, colour_type=6, interlace=interlace)


LEGAL: Files = {
    "png of 8 bits": lambda: encode(
        Image.new("RGBA", SIZE, (1, 2, 3, 4)), "PNG", exif=build_rotation(), icc_profile=SRGB
    ),
    "png of 16 bits": lambda: build_deep_png(0),
    "jpeg of ink": lambda: encode_noise("CMYK", "JPEG", quality=45, progressive=True, subsampling=0),
    "jpeg of colour": lambda: encode_noise("RGB", "JPEG", quality=60, progressive=True, subsampling=0),
    "webp without loss": encode_lossless,
    "webp with loss and alpha": lambda: encode_noise("RGBA", "WEBP", quality=50, method=0),
}
