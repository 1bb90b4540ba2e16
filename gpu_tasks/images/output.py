"""Outputs: a finished image, the files stored with it, and their bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFilter
from PIL.PngImagePlugin import PngInfo

from craftspark.jobs.resemblance import LAYOUT_SIDE
from craftspark.pictures.thumbnails import encode_thumbnail
from gpu_tasks.activity import TrackedBytes
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.print_marks import Margins
from gpu_tasks.images.vectors.dxf import write_dxf
from gpu_tasks.images.vectors.eps import write_eps
from gpu_tasks.images.vectors.page import Page
from gpu_tasks.images.vectors.pdf import write_pdf
from gpu_tasks.images.vectors.picture_pdf import write_picture_pdf

ASPECT_CELLS = 256  # on the longer side of a picture whose object is measured
SOLID = 128  # of 255: the least alpha inside a cut line
PICTURE_FILE = "picture.png"  # the name of the picture itself, in addition to `files`


@dataclass(frozen=True, kw_only=True)
class Png:
    """A lossless picture. `dpi` is the print resolution in pixels per inch."""

    pixels: Pixels
    dpi: float | None = None


@dataclass(frozen=True, kw_only=True)
class WebP:
    """A picture for display."""

    pixels: Pixels


@dataclass(frozen=True, kw_only=True)
class Svg:
    """A drawing of paths."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Dxf:
    """Paths in real size for programs that read no SVG."""

    page: Page


@dataclass(frozen=True, kw_only=True)
class Pdf:
    """Paths in real size as a document of one page."""

    page: Page


@dataclass(frozen=True, kw_only=True)
class PrintPdf:
    """A picture as a document of one page, with boxes that say where the trim and the bleed end."""

    pixels: Pixels
    dpi: float
    margins: Margins


@dataclass(frozen=True, kw_only=True)
class Eps:
    """Paths in real size in PostScript."""

    page: Page


File: TypeAlias = Png | WebP | Svg | Dxf | Pdf | PrintPdf | Eps


@dataclass(frozen=True, kw_only=True)
class FinishedImage:
    """The output of one image: `picture`, and `files` by file name."""

    picture: Png
    files: Mapping[str, File] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


def finish_unchanged(drawing: Drawing) -> FinishedImage:
    """Return the drawing as the picture, without other files."""
    return FinishedImage(picture=Png(pixels=drawing.pixels), scores=drawing.scores)


def measure_colour_layout(pixels: Pixels) -> bytes:
    """Return the mean colours of LAYOUT_SIDE x LAYOUT_SIDE equal areas of a picture, on white, as bytes in RGB by rows.

    This is the colour layout of MPEG-7, without its transform.
    """
    picture = Image.fromarray(pixels)
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    return picture.resize((LAYOUT_SIDE, LAYOUT_SIDE), Image.Resampling.BOX).tobytes()


def measure_object_aspect(alpha: NDArray[np.uint8]) -> float | None:
    """Return the least height over width that the object in a picture with this alpha (height, width) can have, or None
    if nothing is solid.

    The height is that without fine parts, which can be specks that are not cut out, and the width is that with them.
    """
    image = Image.fromarray(alpha)
    cells = image.reduce(ceil(max(image.size) / ASPECT_CELLS)).point(lambda value: 255 * (value >= SOLID))
    thick = cells.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))
    if not (box := cells.getbbox()) or not (inner := thick.getbbox()):
        return None
    # A cell on each side can be partly solid.
    return round((inner[3] - inner[1] - 1) / (box[2] - box[0] + 2), 3)


@dataclass(frozen=True, kw_only=True)
class EncodedImage:
    """An image in bytes, as it is stored. Sizes are in pixels. `warning` says how it may differ from the request.
    `subject_missed` is true if neither of two drawings shows the subject.

    `colour_layout` is the picture in LAYOUT_SIDE x LAYOUT_SIDE pixels, on white, as bytes in RGB. `object_aspect` is
    the least height over width of what is solid in a picture with transparency, or None.
    """

    png: bytes
    thumbnail_webp: bytes
    files: Mapping[str, bytes]
    width: int
    height: int
    alpha: bool
    scores: Mapping[str, float]
    colour_layout: bytes
    object_aspect: float | None = None
    warning: str | None = None
    subject_missed: bool = False


def encode_image(done: FinishedImage, encode: Callable[[str, File], bytes] | None = None) -> EncodedImage:
    """Encode an image and its files. `encode` gets the name of each file and the file; the default is `encode_file`."""
    encode = encode or (lambda _name, file: encode_file(file))
    height, width, channels = done.picture.pixels.shape
    return EncodedImage(
        png=encode(PICTURE_FILE, done.picture),
        thumbnail_webp=encode_thumbnail(Image.fromarray(done.picture.pixels)),
        files={name: encode(name, file) for name, file in done.files.items()},
        width=width,
        height=height,
        alpha=channels == 4,
        scores=done.scores,
        colour_layout=measure_colour_layout(done.picture.pixels),
        object_aspect=measure_object_aspect(done.picture.pixels[..., 3]) if channels == 4 else None,
    )


def encode_file(file: File, xmp: str | None = None) -> bytes:
    """Encode a file. The same content always has the same bytes.

    PNG, SVG and PDF get the XMP packet if one is given. DXF and EPS have no place that all programs skip, and WebP is
    for display only.
    """
    match file:
        case Svg(text=text):
            return (_insert_metadata(text, xmp) if xmp else text).encode()
        case Dxf(page=page):
            return write_dxf(page).encode("ascii")
        case Pdf(page=page):
            return write_pdf(page, xmp)
        case PrintPdf():
            return write_picture_pdf(file.pixels, file.dpi, file.margins, SRGB, xmp)
        case Eps(page=page):
            return write_eps(page).encode("ascii")
    return _encode_pixels(file, xmp)


def _encode_pixels(file: Png | WebP, xmp: str | None) -> bytes:
    into = TrackedBytes()
    picture = Image.fromarray(file.pixels)
    if isinstance(file, WebP):
        picture.save(into, "WEBP", quality=80)
    else:
        written = PngInfo()
        if xmp:
            written.add_itxt("XML:com.adobe.xmp", xmp)
        dpi = {"dpi": (file.dpi, file.dpi)} if file.dpi else {}
        picture.save(into, "PNG", compress_level=6, icc_profile=SRGB, pnginfo=written, **dpi)
    return into.getvalue()


def _insert_metadata(svg: str, xmp: str) -> str:
    """Insert the packet as the SVG's first element. The packet contains a maker's words, so it is never used as a
    pattern.
    """
    root = SVG_START.search(svg)
    if root is None:
        raise ValueError("the text has no <svg> element")
    return f"{svg[: root.end()]}\n<metadata>{xmp}</metadata>{svg[root.end() :]}"


def _build_srgb_profile() -> bytes:
    """Build the sRGB profile with a fixed creation date, so that it always has the same bytes."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07ea00010001000000000000")  # 1 January 2026
    return bytes(profile)


# The media types of the files that can have content credentials.
MEDIA_TYPES: Mapping[type[File], str] = {Png: "image/png", Svg: "image/svg+xml"}
SVG_START = re.compile(r"<svg[^>]*>")
SRGB = _build_srgb_profile()
