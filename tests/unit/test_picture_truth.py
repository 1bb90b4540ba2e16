"""The stored picture has the pixels of its file, for every kind of PNG, JPEG and WebP."""

import io
import struct
import zlib
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from craftspark.errors import InvalidInput
from craftspark.pictures.colour_spaces import DISPLAY_P3, icc_profile
from craftspark.pictures.structure import Colour
from tests.picture_files import SIGNATURE, Pixels, Samples, chunk, cleaned, decoded, encoded, header, png_of

CASES = Path(__file__).parents[1] / "cases"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
KINDS = [
    (colour_type, depth, interlaced, transparent)
    for colour_type, depths in DEPTHS.items()
    for depth, interlaced, transparent in product(depths, (False, True), (False, True))
    if not (transparent and colour_type in (4, 6))
]


def eight_bits(samples: Samples, depth: int) -> Pixels:
    """Convert samples to 8 bits as the specification says: floor(sample * 255 / (2 ** depth - 1) + 0.5)."""
    pixels: Pixels = np.floor(samples.astype(np.float64) * 255 / (2**depth - 1) + 0.5).astype(np.uint8)
    return pixels


def random_samples(colour_type: int, depth: int, size: tuple[int, int] = (21, 37)) -> Samples:
    seed = colour_type * 100 + depth
    samples = np.random.default_rng(seed).integers(0, 2**depth, (*size, CHANNELS[colour_type]))
    samples[3:9, 4:30] = samples[0, 0]  # many pixels have the colour that can be transparent
    return samples.astype(np.uint16)


@pytest.mark.parametrize(("colour_type", "depth", "interlaced", "transparent"), KINDS)
def test_every_kind_of_png_keeps_its_samples(colour_type: int, depth: int, interlaced: bool, transparent: bool) -> None:
    samples = random_samples(colour_type, depth)
    chunks, alpha = [], None
    pixels = eight_bits(samples, depth)
    if colour_type == 3:
        palette = np.random.default_rng(1).integers(0, 256, (2**depth, 3)).astype(np.uint8)
        chunks.append(chunk(b"PLTE", palette.tobytes()))
        pixels = palette[samples[..., 0]]
        if transparent:
            shares = np.full(2**depth, 255, np.uint8)
            shares[: 2 ** (depth - 1)] = np.arange(2 ** (depth - 1))
            chunks.append(chunk(b"tRNS", shares[: 2 ** (depth - 1)].tobytes()))
            alpha = shares[samples[..., 0]]
    elif transparent:
        key = samples[0, 0]
        chunks.append(chunk(b"tRNS", key.astype(">u2").tobytes()))
        alpha = np.where((samples == key).all(axis=2), 0, 255).astype(np.uint8)
    if colour_type in (4, 6):
        pixels, alpha = pixels[..., :-1], pixels[..., -1]
    if pixels.shape[2] == 1:
        pixels = pixels.repeat(3, axis=2)

    ours = decoded(png_of(samples, depth, colour_type, interlaced=interlaced, chunks=chunks))

    assert ours.shape[2] == (3 if alpha is None else 4)
    np.testing.assert_array_equal(ours[..., :3], pixels)
    if alpha is not None:
        np.testing.assert_array_equal(ours[..., 3], alpha)


def test_a_colour_key_of_16_bits_compares_all_bits() -> None:
    samples = np.full((16, 16, 1), 0x1234, np.uint16)
    samples[4, 5] = 0x1235  # the same in 8 bits

    ours = decoded(png_of(samples, 16, 0, chunks=[chunk(b"tRNS", b"\x12\x34")]))

    assert (ours[0, 0, 3], ours[4, 5, 3]) == (0, 255)


def test_a_phone_picture_with_two_images_is_the_first() -> None:
    content = (CASES / "phone-photo-two-pictures-mpo.jpg").read_bytes()
    first = Image.open(io.BytesIO(content), formats=("JPEG",))
    first.seek(0)

    np.testing.assert_array_equal(decoded(content), np.asarray(first.convert("RGB")))


def test_16_bits_of_colour_are_rounded() -> None:
    content = (CASES / "rgb-16-bit.png").read_bytes()

    np.testing.assert_array_equal(decoded(content), eight_bits(rows_of(content, 3), 16))


def test_a_colour_key_of_2_bits_is_transparent() -> None:
    content = (CASES / "grey-2-bit-colour-key.png").read_bytes()
    at = content.index(b"tRNS")
    key = int.from_bytes(content[at + 4 : at + 6], "big")

    ours = decoded(content)

    grey = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    np.testing.assert_array_equal(ours[..., 3] == 0, grey == key * 85)
    assert (ours[..., 3] == 0).any()
    assert (ours[..., 3] == 255).any()


def rows_of(content: bytes, channels: int) -> Samples:
    """The samples of a 16-bit PNG with one IDAT chunk and unfiltered rows."""
    width, height = struct.unpack(">II", content[16:24])
    at = content.index(b"IDAT")
    data = zlib.decompress(content[at + 4 : at + 4 + int.from_bytes(content[at - 4 : at], "big")])
    rows = np.frombuffer(data, np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].copy().view(">u2").reshape(height, width, channels).astype(np.uint16)


# Orientation.

ORIENTED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p.transpose(1, 0, 2)[:, ::-1],
    7: lambda p: p.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda p: p.transpose(1, 0, 2)[::-1],
}


def scene(mode: str = "RGB") -> Image.Image:
    """A picture without symmetry."""
    across, down = np.meshgrid(np.linspace(0, 255, 48), np.linspace(0, 255, 32))
    picture = np.stack([across, down, (across + 2 * down) / 3], axis=2).astype(np.uint8)
    return Image.fromarray(picture).convert(mode)


def exif_of(turn: int, order: str = "<", kind: int = 3) -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(order + ("H" if kind == 3 else "I"), turn).ljust(4, b"\0")
    directory = struct.pack(order + "HHHI", 1, 0x112, kind, 1) + value + bytes(4)
    return head + struct.pack(order + "I", 8) + directory


def xmp_of(turn: int, *, as_element: bool = False) -> bytes:
    said = f"><tiff:Orientation>{turn}</tiff:Orientation><" if as_element else f' tiff:Orientation="{turn}" '
    return f"<x:xmpmeta><rdf:Description{said}></x:xmpmeta>".encode()


def with_exif(kind: str, mode: str, exif: bytes) -> bytes:
    if kind == "JPEG":
        return encoded(scene(mode), kind, exif=b"Exif\0\0" + exif, quality=95, subsampling=0)
    return encoded(scene(mode), kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "L"),
        ("PNG", "P"),
        ("JPEG", "L"),
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
    ],
)
@pytest.mark.parametrize("turn", range(1, 9))
def test_pictures_of_every_format_are_upright(kind: str, mode: str, turn: int) -> None:
    upright = decoded(with_exif(kind, mode, exif_of(1)))

    np.testing.assert_array_equal(decoded(with_exif(kind, mode, exif_of(turn))), ORIENTED[turn](upright))


@pytest.mark.parametrize(("order", "kind"), list(product("<>", (3, 4))))
def test_exif_is_read_in_both_orders_and_types(order: str, kind: int) -> None:
    turned = decoded(with_exif("PNG", "RGB", exif_of(6, order, kind)))

    np.testing.assert_array_equal(turned, ORIENTED[6](np.asarray(scene())))


@pytest.mark.parametrize("as_element", [False, True])
def test_orientation_is_read_from_xmp_without_exif(as_element: bool) -> None:
    packet = xmp_of(8, as_element=as_element)
    png = encoded(scene())
    text = b"XML:com.adobe.xmp\0" + b"\0\0\0\0"
    packed_text = b"XML:com.adobe.xmp\0" + b"\1\0\0\0" + zlib.compress(packet)
    files = [
        encoded(scene(), "JPEG", quality=95, subsampling=0, xmp=packet),
        encoded(scene(), "WEBP", lossless=True, xmp=packet),
        png[:33] + chunk(b"iTXt", text + packet) + png[33:],
        png[:33] + chunk(b"iTXt", packed_text) + png[33:],
    ]
    for content in files:
        assert decoded(content).shape == (48, 32, 3)
        assert abs(decoded(content).astype(int) - ORIENTED[8](np.asarray(scene()))).max() < 12


def test_exif_takes_precedence_over_xmp_and_broken_values_are_ignored() -> None:
    both = encoded(scene(), "WEBP", lossless=True, exif=exif_of(1), xmp=xmp_of(6))
    assert decoded(both).shape == (32, 48, 3)
    for broken in (b"", b"II*\0", exif_of(9), exif_of(6)[:-9], b"MM\0*" + b"\xff" * 40, b"Exif\0\0" + bytes(20)):
        assert decoded(encoded(scene(), "WEBP", lossless=True, exif=broken)).shape == (32, 48, 3)


def test_imagemagick_s_exif_in_a_text_counts() -> None:
    exif = b"Exif\0\0" + exif_of(6)
    digits = f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
    png = encoded(scene())

    for part in (
        chunk(b"tEXt", b"Raw profile type exif\0" + digits),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(digits)),
    ):
        assert decoded(png[:33] + part + png[33:]).shape == (48, 32, 3)


# Colours.


def near(ours: Pixels, theirs: Any, most: int) -> None:
    assert abs(ours.astype(int) - np.asarray(theirs).astype(int)).max() <= most


def test_jpegs_in_grey_rgb_and_cmyk_have_the_right_colours() -> None:
    grey = encoded(scene("L"), "JPEG", quality=95)
    near(decoded(grey), np.asarray(Image.open(io.BytesIO(grey)).convert("RGB")), 0)
    colour = encoded(scene(), "JPEG", quality=95)
    near(decoded(colour), np.asarray(Image.open(io.BytesIO(colour))), 0)
    # As Photoshop writes them: 255 is no ink. Red is no cyan, full magenta and full yellow.
    ink = encoded(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG", quality=95)
    near(decoded(ink), np.full((32, 32, 3), (255, 0, 0)), 3)


def test_ycck_is_cmyk() -> None:
    """The same bytes with Adobe's transform 2: the first three channels are ink as YCC, and the last is inverted."""
    values = np.asarray(Image.new("RGB", (32, 32), (0, 255, 255)).convert("YCbCr"))
    # Pillow writes the complements of its input.
    planes = np.concatenate([255 - values, np.zeros((32, 32, 1), np.uint8)], axis=2)
    content = encoded(Image.frombytes("CMYK", (32, 32), planes.tobytes()), "JPEG", quality=95)
    at = content.index(b"Adobe")
    assert content[at + 11] == 0

    near(decoded(content[: at + 11] + b"\2" + content[at + 12 :]), np.full((32, 32, 3), (255, 0, 0)), 3)


def test_rgb_that_an_adobe_marker_names_is_not_taken_for_ycc() -> None:
    content = encoded(scene(), "JPEG", quality=95, keep_rgb=True)

    near(decoded(content), scene(), 6)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_profile_is_applied(kind: str, mode: str) -> None:
    if (kind == "JPEG" and "A" in mode) or (kind == "WEBP" and "L" in mode):
        return
    grey = mode in ("L", "LA")
    profile = icc_profile(Colour(gamma=1.0), grey=grey)
    options: dict[str, Any] = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    content = encoded(
        Image.new("RGB", (32, 32), (64, 64, 64)).convert(mode),
        kind,
        icc_profile=profile,
        **options,
        **({"lossless": True} if kind == "WEBP" else {}),
    )

    # A quarter of the light is 137 in sRGB.
    near(decoded(content)[..., :3], np.full((32, 32, 3), 137), 2)


def test_cmyk_is_converted_with_its_profile() -> None:
    profile = ink_profile()
    content = encoded(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "JPEG", quality=100, icc_profile=profile)

    # With this profile, cyan is a grey of L* 50. Without it, cyan stays cyan.
    near(decoded(content), np.full((32, 32, 3), 119), 3)


def ink_profile() -> bytes:
    """A CMYK profile, version 2: the paper is a grey of L* 50, black ink is black, and the other inks are invisible."""
    # In version 2, FF00 is 100, and 8000 is 50 and neutral.
    paper, black = struct.pack(">3H", 0x8000, 0x8000, 0x8000), struct.pack(">3H", 0, 0x8000, 0x8000)
    grid = (paper + black) * 8
    curves = struct.pack(">2H", 0, 0xFFFF)
    lut = b"mft2" + bytes(4) + bytes((4, 3, 2, 0)) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut += struct.pack(">2H", 2, 2) + curves * 4 + grid + curves * 3
    white = struct.pack(">4sI3i", b"XYZ ", 0, 63190, 65536, 54061)
    tags = {b"A2B0": lut, b"wtpt": white}
    start = 132 + 12 * len(tags)
    table, bodies = b"", b""
    for name, body in tags.items():
        table += struct.pack(">4sII", name, start + len(bodies), len(body))
        bodies += body.ljust(-(-len(body) // 4) * 4, b"\0")
    head = struct.pack(
        ">I4sI4s4s4s12s4s", start + len(bodies), bytes(4), 0x02400000, b"prtr", b"CMYK", b"Lab ", bytes(12), b"acsp"
    )
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + bodies


def test_a_profile_of_another_colour_space_or_a_broken_one_is_ignored() -> None:
    for profile in (b"no profile", ink_profile(), icc_profile(Colour(gamma=1.0), grey=True)):
        near(decoded(encoded(scene(), icc_profile=profile)), scene(), 0)


def png_with(*chunks: bytes, colour: int = 64) -> bytes:
    samples = np.full((32, 32, 3), colour, np.uint16)
    return png_of(samples, 8, 2, chunks=chunks)


GAMMA = chunk(b"gAMA", struct.pack(">I", 100_000))


@pytest.mark.parametrize(
    ("chunks", "becomes"),
    [
        ((GAMMA,), 137),
        ((GAMMA, chunk(b"sRGB", b"\0")), 64),
        ((chunk(b"gAMA", struct.pack(">I", 45_455)),), 64),
        ((chunk(b"gAMA", bytes(4)),), 64),
        ((chunk(b"gAMA", b""),), 64),
        ((GAMMA, chunk(b"cICP", b"\1\x0d\0\1")), 64),
        ((chunk(b"cICP", b"\1\x08\0\1"),), 137),
        ((GAMMA, chunk(b"iCCP", b"x\0\0" + zlib.compress(icc_profile(Colour(), grey=False)))), 64),
        ((chunk(b"cHRM", struct.pack(">8I", *[0] * 8)),), 64),
        ((chunk(b"cHRM", struct.pack(">8I", *[2**32 - 1] * 8)),), 64),
        ((chunk(b"cHRM", struct.pack(">8I", *[100_000] * 8)),), 64),
    ],
)
def test_colour_chunks_of_a_png_apply_in_the_order_of_the_specification(
    chunks: tuple[bytes, ...], becomes: int
) -> None:
    near(decoded(png_with(*chunks)), np.full((32, 32, 3), becomes), 1)


@pytest.mark.parametrize("code", [b"\x09\x10\x00\x01", b"\x09\x12\x00\x01", b"\1\1\0\1", b"\1\x0d\0\0", b"\1\x0d"])
def test_video_and_hdr_colours_are_rejected(code: bytes) -> None:
    with pytest.raises(InvalidInput, match="sRGB"):
        decoded(png_with(chunk(b"cICP", code)))


def test_display_p3_by_code_by_chromaticities_and_by_profile_is_the_same() -> None:
    points = [round(part * 100_000) for part in DISPLAY_P3]
    named = chunk(b"cICP", b"\x0c\x0d\0\1")
    told = (chunk(b"cHRM", struct.pack(">8I", *points)), chunk(b"gAMA", struct.pack(">I", 45_455)))
    samples = np.tile(np.array([0, 200, 40], np.uint16), (32, 32, 1))
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile(Colour(primaries=DISPLAY_P3), grey=False)))
    image = Image.fromarray(samples.astype(np.uint8))
    theirs = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))

    by_code, by_points = (decoded(png_of(samples, 8, 2, chunks=chunks)) for chunks in ((named,), told))

    near(by_code, theirs, 1)
    near(by_code, by_points, 1)
    assert by_code[0, 0, 1] > 200  # P3's green is stronger than sRGB's


def test_generated_profiles_match_the_colour_management_library() -> None:
    ours = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile(Colour(), grey=False)))
    theirs = ImageCms.createProfile("sRGB")

    changed = ImageCms.profileToProfile(scene(), ours, theirs)

    near(np.asarray(changed), scene(), 1)


# One picture, and parts of its file that do not change it.


def test_an_animation_of_one_frame_is_a_picture() -> None:
    apng = encoded(scene())
    marked = apng[:33] + chunk(b"acTL", struct.pack(">II", 1, 0)) + apng[33:]
    near(decoded(marked), scene(), 0)
    still = encoded(scene(), "WEBP", lossless=True)
    body = still[12:]
    size = struct.pack("<I", 47)[:3] + struct.pack("<I", 31)[:3]
    frame = b"ANMF" + struct.pack("<I", 16 + len(body)) + bytes(6) + size + bytes(4) + body
    parts = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + size + b"ANIM" + struct.pack("<I", 6) + bytes(6) + frame
    near(decoded(b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WEBP" + parts), scene(), 0)


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 90}, {"quality": 90, "alpha_quality": 50}])
def test_webp_keeps_its_pixels(options: dict[str, Any]) -> None:
    picture = scene("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    content = encoded(picture, "WEBP", exact=True, **options)

    near(decoded(content), np.asarray(Image.open(io.BytesIO(content))), 0)


def test_a_png_with_many_chunks_and_unknown_ones_is_unchanged() -> None:
    whole = encoded(scene())
    at = whole.index(b"IDAT")
    data = whole[at + 4 : at + 4 + int.from_bytes(whole[at - 4 : at], "big")]
    pieces = b"".join(chunk(b"IDAT", data[place : place + 1]) for place in range(len(data)))
    unknown = chunk(b"abCd", b"x" * 1000) + chunk(b"vpAg", b"")

    near(
        decoded(SIGNATURE + header(48, 32) + unknown + pieces + chunk(b"IDAT") + chunk(b"IEND") + b"<html>"), scene(), 0
    )


@pytest.mark.parametrize("critical", [b"CgBI", b"Xxxx"])
def test_a_png_with_an_unknown_critical_chunk_is_rejected(critical: bytes) -> None:
    whole = encoded(scene())
    for at in (8, 33):
        with pytest.raises(InvalidInput, match="damaged"):
            cleaned(whole[:at] + chunk(critical, b"") + whole[at:])
