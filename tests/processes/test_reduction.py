"""Copies of pictures for moderation: small enough in bytes, and still the same picture."""

import io

import numpy as np
import pytest
from PIL import Image

from craftspark.pictures import reduction
from craftspark.pictures.cleaning import clean, small_jpeg
from craftspark.pictures.reduction import MAX_COPY_BYTES, MAX_COPY_SIDE, jpeg_within


def noise(width: int, height: int) -> Image.Image:
    """Noise, which compresses worst."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8))


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg), formats=("JPEG",))


@pytest.mark.parametrize("max_bytes", [MAX_COPY_BYTES, 100_000, 2_000])
@pytest.mark.parametrize(("width", "height"), [(4096, 1024), (700, 700), (1, 3000), (16, 16)])
def test_a_copy_keeps_the_limits_of_bytes_and_sides_and_the_aspect(width: int, height: int, max_bytes: int) -> None:
    jpeg = jpeg_within(noise(width, height), max_bytes)

    assert len(jpeg) <= max_bytes
    copy = opened(jpeg)
    assert max(copy.size) <= MAX_COPY_SIDE
    assert copy.width == pytest.approx(copy.height * width / height, abs=2)


def test_a_small_picture_keeps_its_size_and_transparency_becomes_white() -> None:
    picture = Image.new("RGBA", (64, 48), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 32, 48))

    copy = opened(jpeg_within(picture))

    assert copy.size == (64, 48)
    assert copy.getpixel((60, 24)) == pytest.approx((255, 255, 255), abs=6)
    assert copy.getpixel((4, 24)) == pytest.approx((0, 0, 255), abs=6)
    assert picture.mode == "RGBA"


def test_a_clean_upload_is_reduced_in_a_separate_process(monkeypatch: pytest.MonkeyPatch) -> None:
    into = io.BytesIO()
    noise(2100, 400).save(into, "PNG")
    picture = clean(into.getvalue())
    monkeypatch.setattr(reduction, "jpeg_within", None)  # the interpreter of this process is not called

    copy = opened(small_jpeg(picture))

    assert copy.size == (2048, 390)
