"""PDF of a picture in real size, with the boxes that print shops read: media, bleed and trim."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gpu_tasks.activity import TrackedBytes
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.print_marks import Margins
from gpu_tasks.images.vectors.page import POINTS_PER_INCH, format_number
from gpu_tasks.images.vectors.pdf import assemble, write_stream

CONTENT, PICTURE, PROFILE, METADATA, MASK = "4 0 R", "5 0 R", "6 0 R", "7 0 R", "8 0 R"
SIGNATURE_BYTES = 8


def write_picture_pdf(pixels: Pixels, dpi: float, margins: Margins, profile: bytes, xmp: str | None = None) -> bytes:
    """Return a PDF of one page with a picture (height, width, 3 or 4), and an XMP packet if one is given.

    The margins say where the trim and the bleed end. `profile` is the ICC profile of the colours. The same picture
    always has the same bytes.
    """
    height, width, channels = pixels.shape

    def box(inset: int) -> str:
        sides = (inset, inset, width - inset, height - inset)
        return " ".join(format_number(side * POINTS_PER_INCH / dpi) for side in sides)

    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{box(0)}] /BleedBox [{box(margins.slug)}] /TrimBox"
        f" [{box(margins.all)}] /Contents {CONTENT} /Resources << /XObject << /P {PICTURE} >> >> >>"
    )
    size = " ".join(format_number(side * POINTS_PER_INCH / dpi) for side in (width, height))
    content = f"q {size.split()[0]} 0 0 {size.split()[1]} 0 0 cm /P Do Q"
    metadata = f" /Metadata {METADATA}" if xmp else ""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R{metadata} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page.encode(),
        write_stream("", content.encode()),
        _write_picture(pixels[..., :3], f"[/ICCBased {PROFILE}]", f" /SMask {MASK}" if channels == 4 else ""),
        write_stream("/N 3 /Alternate /DeviceRGB /Filter /FlateDecode", zlib.compress(profile)),
        write_stream("/Type /Metadata /Subtype /XML", (xmp or "").encode()),
    ]
    if channels == 4:
        objects.append(_write_picture(pixels[..., 3], "/DeviceGray"))
    return assemble(objects)


def _write_picture(pixels: NDArray[np.uint8], space: str, more: str = "") -> bytes:
    height, width = pixels.shape[:2]
    colours = 1 if pixels.ndim == 2 else pixels.shape[2]
    return write_stream(
        f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8 /ColorSpace {space}{more}"
        f" /Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors {colours} /Columns {width} >>",
        _compress(pixels),
    )


def _compress(pixels: NDArray[np.uint8]) -> bytes:
    """Return compressed pixels. A PDF takes the filtered rows of a PNG as they are, which are small."""
    into = TrackedBytes()
    Image.fromarray(np.ascontiguousarray(pixels)).save(into, "PNG", compress_level=6)
    png = io.BytesIO(into.getvalue())
    png.seek(SIGNATURE_BYTES)
    parts = []
    while head := png.read(8):
        length, kind = struct.unpack(">I4s", head)
        content = png.read(length + 4)[:-4]
        if kind == b"IDAT":
            parts.append(content)
    return b"".join(parts)
