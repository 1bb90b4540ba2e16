"""The process that decodes one picture: bytes on its standard input, facts and a PNG on its standard output.

The facts are one line of JSON: width, height, alpha and the thumbnail in Base64, or the message of a rejection. See
`cleaning.clean`.
"""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from base64 import b64encode
from collections.abc import Callable
from typing import BinaryIO

from PIL import Image, ImageChops, JpegImagePlugin, _webp

from craftspark.errors import InvalidInput
from craftspark.pictures import png
from craftspark.pictures.colours import convert_to_srgb
from craftspark.pictures.confinement import OUT_OF_MEMORY, allow_finish_time, apply_bounds
from craftspark.pictures.jpeg import is_jpeg, read_jpeg
from craftspark.pictures.png import Png, is_png, read_png
from craftspark.pictures.structure import Structure, damaged_picture, invalid_picture
from craftspark.pictures.thumbnails import encode_thumbnail
from craftspark.pictures.webp import is_webp, read_webp

# The zlib strategy whose time depends only on the number of bytes. A search for longer repeats takes twenty seconds for
# a picture that is crafted for it. Photographs and noise are not larger than with other strategies.
COMPRESSION = {"compress_level": 1, "compress_type": 3}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Pillow's names for a PNG's samples: the mode of the result, and the layout in the file.
SAMPLES = {
    (png.GREY, 1): ("1", "1"),
    (png.GREY, 2): ("L", "L;2"),
    (png.GREY, 4): ("L", "L;4"),
    (png.GREY, 8): ("L", "L"),
    (png.RGB, 8): ("RGB", "RGB"),
    (png.PALETTE, 1): ("P", "P;1"),
    (png.PALETTE, 2): ("P", "P;2"),
    (png.PALETTE, 4): ("P", "P;4"),
    (png.PALETTE, 8): ("P", "P"),
    (png.GREY_ALPHA, 8): ("LA", "LA"),
    (png.RGB_ALPHA, 8): ("RGBA", "RGBA"),
}
# Samples of 16 bits are decoded as pairs of bytes: grey in the channels of grey and alpha, and so on, or in two passes.
PAIRS = {png.GREY: ("LA", "LA"), png.GREY_ALPHA: ("RGBA", "RGBA")}
HALVES = {png.RGB: ("RGB", "RGB;16B", "RGB;16L"), png.RGB_ALPHA: ("RGBA", "RGBA;16B", "RGBA;16L")}
ROUND_UP = [0] * 129 + [1] * 127


def main() -> None:
    apply_bounds()
    out = sys.stdout.buffer
    try:
        serve_request(sys.stdin.buffer, out, allow_finish_time)
        out.flush()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    os._exit(0)  # the output is complete, so skip the cleanup of the picture's objects


def serve_request(given: BinaryIO, out: BinaryIO, decoding_is_over: Callable[[], None] = lambda: None) -> None:
    """Write the facts of a clean picture and its PNG, or the message of a rejection. Raises MemoryError."""
    try:
        picture = decode(given)
    except InvalidInput as refused:
        write_head(out, refused=refused.detail)
    except MemoryError:
        raise
    except Exception:  # decoders raise many kinds of errors for broken files; operators see which
        traceback.print_exc(limit=-3)
        write_head(out, refused=damaged_picture().detail)
    else:
        decoding_is_over()
        thumbnail = b64encode(encode_thumbnail(picture)).decode()
        write_head(
            out, width=picture.width, height=picture.height, alpha=picture.mode == "RGBA", thumbnail_webp=thumbnail
        )
        picture.save(out, "PNG", **COMPRESSION)


def write_head(out: BinaryIO, **facts: object) -> None:
    out.write(json.dumps(facts).encode() + b"\n")


def decode(given: BinaryIO) -> Image.Image:
    """The picture, RGB or RGBA, upright and in sRGB. Raises InvalidInput."""
    structure = read_structure(given.read())
    colour, turn = structure.colour, TURNS.get(structure.orientation)
    image = decode_pixels(structure)
    del structure  # it references the file
    image = convert_to_srgb(image, colour)
    return image.transpose(turn) if turn is not None else image


def decode_pixels(structure: Structure) -> Image.Image:
    if isinstance(structure, Png):
        return decode_png(structure)
    return decode_jpeg(structure) if structure.format == "JPEG" else decode_webp(structure)


def read_structure(content: bytes) -> Structure:
    """The structure of the file, from its content and not from its declared type. Raises InvalidInput."""
    for fits, read in ((is_png, read_png), (is_jpeg, read_jpeg), (is_webp, read_webp)):
        if fits(content):
            return read(content)
    raise invalid_picture("it is not a PNG, JPEG or WebP; send one of these formats")


def decode_jpeg(structure: Structure) -> Image.Image:
    """L, RGB or CMYK. Raises InvalidInput if the pixels are truncated or broken."""
    try:
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(structure.pixels))
        image.load()
    except (OSError, ValueError, SyntaxError, EOFError):
        raise damaged_picture() from None
    return image


def decode_webp(structure: Structure) -> Image.Image:
    """RGB or RGBA. Raises InvalidInput if the pixels are truncated or broken.

    Uses Pillow's internal decoder, because Pillow's image would keep the decoder's buffers, twice the size of the
    picture.
    """
    try:
        decoder = _webp.WebPAnimDecoder(structure.pixels)
        (width, height), *_, raw_mode = decoder.get_info()
        frame = decoder.get_next()
    except OSError:
        raise damaged_picture() from None
    if frame is None or (width, height) != (structure.width, structure.height):
        raise damaged_picture()
    del decoder
    return Image.frombytes("RGB" if raw_mode == "RGBX" else raw_mode, (width, height), frame[0], "raw", raw_mode)


def decode_png(structure: Png) -> Image.Image:
    """L, LA, RGB or RGBA. Raises InvalidInput if the pixels are truncated or broken."""
    try:
        return decode_16_bits(structure) if structure.depth == 16 else decode_8_bits(structure)
    except ValueError:
        raise damaged_picture() from None


def decode_8_bits(structure: Png) -> Image.Image:
    image = read_samples(structure, *SAMPLES[structure.colour_type, structure.depth])
    if structure.colour_type == png.PALETTE:
        return apply_palette(image, structure)
    image = image.convert("L") if image.mode == "1" else image
    key = transparent_colour(structure)
    if key is None:
        return image
    scale = 255 // (2**structure.depth - 1)
    masks = [mask_equal(band, value * scale) for band, value in zip(image.split(), key, strict=True)]
    return add_alpha(image, masks)


def apply_palette(image: Image.Image, structure: Png) -> Image.Image:
    palette = (structure.palette or b"").ljust(768, b"\0")
    if structure.transparency is None:
        image.putpalette(palette, "RGB")
        return image.convert("RGB")
    alphas = structure.transparency[:256].ljust(256, b"\xff")
    colours = (palette[3 * at : 3 * at + 3] + alphas[at : at + 1] for at in range(256))
    image.putpalette(b"".join(colours), "RGBA")
    return image.convert("RGBA")


def decode_16_bits(structure: Png) -> Image.Image:
    """Each sample divided by 257 and rounded, as the specification requires, instead of truncated."""
    if structure.colour_type in PAIRS:
        pairs = read_samples(structure, *PAIRS[structure.colour_type]).split()
        highs, lows = list(pairs[::2]), list(pairs[1::2])
    else:
        mode, high, low = HALVES[structure.colour_type]
        highs = list(read_samples(structure, mode, high).split())
        lows = list(read_samples(structure, mode, low).split())
    key = transparent_colour(structure)
    masks: list[Image.Image] = []
    if key is not None:
        for high_band, low_band, value in zip(highs, lows, key, strict=True):
            masks += [mask_equal(high_band, value >> 8), mask_equal(low_band, value & 255)]
    for at, low_band in enumerate(lows):
        highs[at] = divide_by_257(highs[at], low_band)
        lows[at] = low_band
    del lows
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[len(highs)]
    image = Image.merge(mode, highs) if len(highs) > 1 else highs[0]
    return add_alpha(image, masks) if masks else image


def read_samples(structure: Png, mode: str, raw_mode: str) -> Image.Image:
    """The samples as stored in the file. Raises ValueError."""
    size = (structure.width, structure.height)
    return Image.frombytes(mode, size, structure.pixels, "zip", raw_mode, int(structure.interlaced))


def transparent_colour(structure: Png) -> tuple[int, ...] | None:
    """The samples of the single transparent colour of a picture without alpha. Raises InvalidInput."""
    channels = {png.GREY: 1, png.RGB: 3}.get(structure.colour_type)
    if structure.transparency is None or channels is None:
        return None
    if len(structure.transparency) != 2 * channels:
        raise damaged_picture()
    max_sample = 2**structure.depth - 1
    return tuple(
        int.from_bytes(structure.transparency[2 * at : 2 * at + 2], "big") & max_sample for at in range(channels)
    )


def mask_equal(band: Image.Image, value: int) -> Image.Image:
    """255 where the band has this value, 0 elsewhere."""
    return band.point([255 if sample == value else 0 for sample in range(256)])


def add_alpha(image: Image.Image, masks: list[Image.Image]) -> Image.Image:
    """The image, transparent where every mask is 255."""
    transparent = masks[0]
    for mask in masks[1:]:
        transparent = ImageChops.darker(transparent, mask)
    image.putalpha(ImageChops.invert(transparent))
    return image


def divide_by_257(high: Image.Image, low: Image.Image) -> Image.Image:
    """(256 high + low) / 257, which is high + (low - high) / 257: one more, one less, or the high byte itself."""
    more = ImageChops.subtract(low, high).point(ROUND_UP)
    less = ImageChops.subtract(high, low).point(ROUND_UP)
    return ImageChops.subtract(ImageChops.add(high, more), less)
