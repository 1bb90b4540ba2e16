"""Uploaded pictures are cleaned, or rejected with the reason."""

import io
import json
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from craftspark.errors import InvalidInput
from craftspark.pictures import cleaning, decoding
from craftspark.pictures.cleaning import clean

ROOT = Path(__file__).parents[2]


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    into = io.BytesIO()
    image.save(into, kind, **options)
    return into.getvalue()


def a_picture(mode: str = "RGB", size: tuple[int, int] = (40, 24)) -> Image.Image:
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((20, 40, 220), (0, 0, size[0] // 2, size[1]))
    return image.convert(mode)


def read(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(clean(content).png))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_of_each_format_becomes_a_png_of_its_pixels(kind: str) -> None:
    picture = read(encoded(a_picture(), kind))

    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (40, 24))
    red, green, blue = picture.getpixel((30, 12))  # type: ignore[misc]
    assert red > 180 > 60 > max(green, blue)


@pytest.mark.parametrize(
    ("mode", "becomes"), [("1", "RGB"), ("L", "RGB"), ("P", "RGB"), ("LA", "RGBA"), ("RGBA", "RGBA")]
)
def test_other_modes_become_rgb(mode: str, becomes: str) -> None:
    cleaned = clean(encoded(a_picture(mode)))

    assert Image.open(io.BytesIO(cleaned.png)).mode == becomes
    assert cleaned.alpha is (becomes == "RGBA")


@pytest.mark.parametrize(
    ("size", "small"),
    [((40, 24), (40, 24)), ((600, 300), (256, 128)), ((16, 128), (16, 128)), ((512, 4096), (32, 256))],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_thumbnail_is_a_small_copy_and_never_a_larger_one(
    mode: str, size: tuple[int, int], small: tuple[int, int]
) -> None:
    picture = a_picture(mode, size)
    if mode == "RGBA":
        picture.putalpha(100)

    thumbnail = Image.open(io.BytesIO(clean(encoded(picture)).thumbnail_webp))

    assert (thumbnail.format, thumbnail.mode, thumbnail.size) == ("WEBP", mode, small)
    (red, *_), (*_, blue) = (thumbnail.convert("RGB").getpixel((x, 0)) for x in (small[0] - 1, 0))  # type: ignore[misc]
    assert min(red, blue) > 150


def test_a_clean_picture_is_clean() -> None:
    """So another check of a picture that was kept gives the same picture and thumbnail."""
    cleaned = clean(encoded(a_picture("LA")))

    assert clean(cleaned.png) == cleaned


def test_a_transparent_colour_of_a_palette_is_transparency() -> None:
    assert clean(encoded(a_picture("P"), transparency=0)).alpha


def test_metadata_is_removed_and_the_picture_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker's secret camera"

    cleaned = clean(encoded(a_picture(), "JPEG", exif=exif, comment=b"secret"))

    assert (cleaned.width, cleaned.height) == (24, 40)
    assert b"secret" not in cleaned.png
    chunks = {cleaned.png[at + 4 : at + 8] for at in chunk_starts(cleaned.png)}
    assert chunks == {b"IHDR", b"IDAT", b"IEND"}


def chunk_starts(png: bytes) -> list[int]:
    starts, at = [], 8
    while at < len(png):
        starts.append(at)
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return starts


def test_a_profile_is_applied_and_a_broken_one_ignored() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    for broken in (b"no profile", profile.tobytes()):
        assert read(encoded(a_picture(), icc_profile=broken)).getpixel((30, 12)) == (200, 30, 30)
    linear = linear_profile()
    red, green, _ = read(encoded(a_picture(), icc_profile=linear)).getpixel((30, 12))  # type: ignore[misc]
    assert (red, green) != (200, 30)
    assert red > 215


def linear_profile() -> bytes:
    """The sRGB profile with linear curves, in which the same values are brighter."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", content[128:132])[0]
    for number in range(count):
        name, offset, size = struct.unpack(">4sII", content[132 + 12 * number : 144 + 12 * number])
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            content[offset : offset + size] = (b"curv" + bytes(8)).ljust(size, b"\0")
    return bytes(content)


def animation() -> bytes:
    return encoded(a_picture(), "PNG", save_all=True, append_images=[a_picture("L").convert("RGB")])


def header_of(width: int, height: int) -> bytes:
    """A PNG whose header states a size and whose data has one pixel."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(b"\0\0\0\0")),
            (b"IEND", b""),
        )
    )


REFUSED = {
    "nothing": (b"", "not a PNG, JPEG or WebP"),
    "text": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG, JPEG or WebP"),
    "another format": (encoded(a_picture(), "GIF"), "not a PNG, JPEG or WebP"),
    "a tiff": (encoded(a_picture(), "TIFF"), "not a PNG, JPEG or WebP"),
    "animated": (animation(), "animated"),
    "animated webp": (encoded(a_picture(), "WEBP", save_all=True, append_images=[a_picture("L")]), "animated"),
    "one pixel": (encoded(Image.new("RGB", (1, 1))), "the minimum"),
    "narrow": (encoded(Image.new("RGB", (15, 20))), "the minimum"),
    "long": (encoded(Image.new("RGB", (200, 20))), "aspect ratio"),
    "wide": (encoded(Image.new("RGB", (4097, 800))), "the maximum"),
    "bomb": (header_of(60_000, 60_000), "pixels"),
    "cut off": (encoded(a_picture(size=(400, 300)))[:-40], "truncated"),
    "cut off jpeg": (encoded(a_picture(size=(400, 300)), "JPEG")[:-300], "truncated"),
    "lies about its size": (header_of(64, 64), "truncated"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_an_unusable_file_is_rejected_with_the_reason(case: str) -> None:
    content, reason = REFUSED[case]

    with pytest.raises(InvalidInput) as refused:
        clean(content)

    assert refused.value.field == "upload"
    assert reason in refused.value.detail


def test_bytes_after_the_picture_are_removed() -> None:
    cleaned = clean(encoded(a_picture()) + b"<script>alert(1)</script>PK\x03\x04")

    assert b"script" not in cleaned.png


def test_noise_never_breaks_the_check() -> None:
    random.seed(1)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pictures = [
        encoded(a_picture(mode, (64, 48)), kind, icc_profile=profile)
        for kind, mode in (("PNG", "RGB"), ("PNG", "P"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGBA"))
    ]
    for _ in range(3000):
        content = bytearray(random.choice(pictures))
        for _ in range(random.randint(1, 20)):
            content[random.randrange(len(content))] = random.randrange(256)
        answer = io.BytesIO()
        decoding.serve_request(io.BytesIO(bytes(content[: random.randint(1, len(content))])), answer)
        assert json.loads(answer.getvalue().partition(b"\n")[0]).keys() & {"width", "refused"}


def test_the_process_that_decodes_loads_nothing_that_it_does_not_need() -> None:
    program = f"import sys; {cleaning.PROGRAM.partition(';')[0]}; print(*sys.modules)"

    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {*told.stdout.split()}

    assert {"PIL.Image", "craftspark.pictures.decoding"} <= loaded
    assert not {"pydantic", "craftspark.uploads", "numpy"} & loaded
