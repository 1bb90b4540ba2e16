"""PDF: one page in real size, with an optional content group for each layer."""

from __future__ import annotations

from collections.abc import Iterator

from gpu_tasks.images.vectors.page import Layer, Page, format_number, paint_operators, read_colour, to_points

HEADER = b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n"
FIRST_OBJECT, CONTENT_OBJECT, METADATA_OBJECT, FIRST_GROUP = 1, 4, 5, 6


def write_pdf(page: Page, xmp: str | None = None) -> bytes:
    """Return the page as a PDF, with an XMP packet if one is given. The same page always has the same bytes."""
    page = to_points(page)
    groups = [f"{FIRST_GROUP + number} 0 R" for number in range(len(page.layers))]
    named = " ".join(f"/L{number} {group}" for number, group in enumerate(groups))
    content = "\n".join(line for number, layer in enumerate(page.layers) for line in _write_layer(layer, number))
    size = f"{format_number(page.width_mm)} {format_number(page.height_mm)}"
    metadata = f" /Metadata {METADATA_OBJECT} 0 R" if xmp else ""
    properties = f"/OCProperties << /OCGs [{' '.join(groups)}] /D << /Order [{' '.join(groups)}] >> >>"
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {properties}{metadata} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] /Contents {CONTENT_OBJECT} 0 R"
        f" /Resources << /Properties << {named} >> >> >>".encode(),
        write_stream("", content.encode("ascii")),
        write_stream("/Type /Metadata /Subtype /XML", (xmp or "").encode()),
        *(f"<< /Type /OCG /Name ({layer.label}) >>".encode("ascii") for layer in page.layers),
    ]
    return assemble(objects)


def _write_layer(layer: Layer, number: int) -> Iterator[str]:
    red, green, blue = (format_number(value / 255) for value in read_colour(layer))
    yield f"/OC /L{number} BDC"
    yield f"{red} {green} {blue} rg"
    yield from paint_operators(layer)
    yield "f*"
    yield "EMC"


def write_stream(entries: str, content: bytes) -> bytes:
    """Return a stream object with these entries of its dictionary, without the length."""
    return f"<< {entries} /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"


def assemble(objects: list[bytes]) -> bytes:
    """Return a file of these objects, which are numbered from 1. The first is the catalogue."""
    body, offsets = bytearray(HEADER), []
    for number, content in enumerate(objects, FIRST_OBJECT):
        offsets.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = b"0000000000 65535 f \n" + b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    start, count = len(body), len(objects) + 1
    body += f"xref\n0 {count}\n".encode() + table
    body += f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(body)
