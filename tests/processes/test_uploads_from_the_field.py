"""Files that once broke the upload check, with the correct result for each."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from craftspark.errors import InvalidInput
from craftspark.pictures.cleaning import clean

CASES = Path(__file__).parents[1] / "cases"


def pixels_of(content: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(clean(content).png)))


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def test_a_phone_s_file_of_two_pictures_is_the_first() -> None:
    cleaned = clean(case("phone-photo-two-pictures-mpo.jpg"))

    assert (cleaned.width, cleaned.height, cleaned.alpha) == (640, 480, False)


def test_16_bits_of_red_green_and_blue_are_rounded_to_8() -> None:
    ramp = np.asarray(Image.open(io.BytesIO(case("rgb-16-bit.png"))))  # Pillow keeps the upper bytes

    ours = pixels_of(case("rgb-16-bit.png")).astype(int)

    assert abs(ours - ramp).max() == 1


def test_a_colour_key_of_2_bit_grey_is_transparent() -> None:
    ours = pixels_of(case("grey-2-bit-colour-key.png"))

    assert set(ours[..., 3].flat) == {0, 255}


def test_thousands_of_scans_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(InvalidInput, match="scans"):
        clean(case("jpeg-4096-4500-scans.jpg"))


def test_thousands_of_metadata_segments_are_refused_before_they_are_joined() -> None:
    into = io.BytesIO()
    Image.new("RGB", (64, 64)).save(into, "JPEG")
    picture = into.getvalue()
    segment = b"\xff\xe1\0\x09Exif\0\0x"

    with pytest.raises(InvalidInput, match="segments"):
        clean(picture[:2] + segment * 100_000 + picture[2:])
