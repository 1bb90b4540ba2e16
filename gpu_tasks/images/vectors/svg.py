"""SVG: one group and one compound path for each layer.

Width and height are in millimetres, and a unit of the paths is 1/72 inch. Some programs read the millimetres, and some
count 72 units per inch. Both get the same size.
"""

from __future__ import annotations

import re

import numpy as np

from gpu_tasks.images.vectors.page import MM_PER_INCH, POINTS_PER_INCH, Layer, Page, Ring, format_number, is_line

UNITS_PER_MM = POINTS_PER_INCH / MM_PER_INCH


def write_svg(page: Page, pixels: tuple[int, int] | None = None) -> str:
    """Return the page as an SVG in millimetres, or with exactly this width and height in pixels."""
    width, height = page.width_mm * UNITS_PER_MM, page.height_mm * UNITS_PER_MM
    size = (
        f'width="{pixels[0]}" height="{pixels[1]}" preserveAspectRatio="none"'
        if pixels
        else f'width="{page.width_mm:.4f}mm" height="{page.height_mm:.4f}mm"'
    )
    groups = "".join(map(_write_layer, page.layers))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
        f' {size} viewBox="0 0 {width:.4f} {height:.4f}">\n{groups}</svg>\n'
    )


def _write_layer(layer: Layer) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", layer.label.lower()).strip("-")
    path = "".join(map(write_ring, layer.rings))
    return (
        f'<g id="{name}" inkscape:groupmode="layer" inkscape:label="{layer.label}">\n<title>{layer.label}</title>\n'
        f'<path fill="{layer.colour}" fill-rule="evenodd" d="{path}"/>\n</g>\n'
    )


def write_ring(ring: Ring) -> str:
    """Return the path data of a closed path."""
    scaled = ring * UNITS_PER_MM
    parts = ["M" + _join(scaled[0, :1])]
    for segment in scaled:
        parts.append("L" + _join(segment[3:]) if is_line(segment) else "C" + _join(segment[1:]))
    return "".join(parts) + "Z"


def _join(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    return " ".join(format_number(value) for value in points.ravel())
