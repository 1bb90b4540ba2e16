"""EPS: the layers in real size, in PostScript level 2."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from gpu_tasks.images.vectors.page import Layer, Page, format_number, paint_operators, read_colour, to_points

PROLOG = """\
%%BeginProlog
/m /moveto load def
/l /lineto load def
/c /curveto load def
/h /closepath load def
/f* /eofill load def
/rg /setrgbcolor load def
%%EndProlog"""


def write_eps(page: Page) -> str:
    """Return the page as an EPS. The same page always has the same text."""
    page = to_points(page)
    lines = [
        "%!PS-Adobe-3.0 EPSF-3.0",
        f"%%BoundingBox: 0 0 {ceil(page.width_mm)} {ceil(page.height_mm)}",
        f"%%HiResBoundingBox: 0 0 {format_number(page.width_mm)} {format_number(page.height_mm)}",
        "%%LanguageLevel: 2",
        "%%Pages: 1",
        "%%EndComments",
        PROLOG,
        "%%Page: 1 1",
        "gsave",
        *(line for layer in page.layers for line in _write_layer(layer)),
        "grestore",
        "showpage",
        "%%EOF",
    ]
    return "\n".join(lines) + "\n"


def _write_layer(layer: Layer) -> Iterator[str]:
    red, green, blue = (format_number(value / 255) for value in read_colour(layer))
    yield f"% {layer.label}"
    yield f"{red} {green} {blue} rg"
    yield "newpath"
    yield from paint_operators(layer)
    yield "f*"
