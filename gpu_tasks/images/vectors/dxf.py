"""DXF R12 in millimetres: closed lines, one layer for each colour. Programs of all prices read this version.

R12 has no curves of this kind, so lines follow them within 0.01 mm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from gpu_tasks.images.vectors.page import Layer, Page, flatten, read_colour

TOLERANCE_MM = 0.01
MAX_NAME = 31  # characters of a layer's name in R12
# AutoCAD's colours 10 to 249: 24 hues, each with five values, and half of the saturation at each odd number.
VALUES = (1.0, 0.65, 0.5, 0.3, 0.15)
GREYS = {7: (255, 255, 255), 8: (128, 128, 128), 9: (192, 192, 192), 250: (51, 51, 51)}


def write_dxf(page: Page) -> str:
    """Return the page as a DXF. The origin is the lower left corner of the page."""
    names = [f"{number}_{_name(layer)}"[:MAX_NAME] for number, layer in enumerate(page.layers, 1)]
    pairs = chain(
        _write_header(page),
        _write_layers(page, names),
        ((0, "SECTION"), (2, "ENTITIES")),
        *(_write_entities(layer, name, page.height_mm) for layer, name in zip(page.layers, names, strict=True)),
        ((0, "ENDSEC"), (0, "EOF")),
    )
    return "".join(f"{code:3d}\n{value}\n" for code, value in pairs)


def _write_header(page: Page) -> Iterator[tuple[int, str | int]]:
    yield from ((0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, "AC1009"))
    yield from ((9, "$INSUNITS"), (70, 4), (9, "$MEASUREMENT"), (70, 1))  # millimetres, metric
    yield from ((9, "$EXTMIN"), (10, "0.0"), (20, "0.0"), (30, "0.0"))
    yield from ((9, "$EXTMAX"), (10, f"{page.width_mm:.4f}"), (20, f"{page.height_mm:.4f}"), (30, "0.0"))
    yield (0, "ENDSEC")


def _write_layers(page: Page, names: list[str]) -> Iterator[tuple[int, str | int]]:
    yield from ((0, "SECTION"), (2, "TABLES"), (0, "TABLE"), (2, "LTYPE"), (70, 1), (0, "LTYPE"), (2, "CONTINUOUS"))
    yield from ((70, 64), (3, "Solid line"), (72, 65), (73, 0), (40, "0.0"), (0, "ENDTAB"))
    yield from ((0, "TABLE"), (2, "LAYER"), (70, len(names)))
    for layer, name in zip(page.layers, names, strict=True):
        yield from ((0, "LAYER"), (2, name), (70, 0), (62, find_colour_number(read_colour(layer))), (6, "CONTINUOUS"))
    yield from ((0, "ENDTAB"), (0, "ENDSEC"))


def _write_entities(layer: Layer, name: str, height_mm: float) -> Iterator[tuple[int, str | int]]:
    for ring in layer.rings:
        yield from ((0, "POLYLINE"), (8, name), (66, 1), (10, "0.0"), (20, "0.0"), (30, "0.0"), (70, 1))
        for x, y in flatten(ring, TOLERANCE_MM):
            yield from ((0, "VERTEX"), (8, name), (10, f"{x:.4f}"), (20, f"{height_mm - y:.4f}"), (30, "0.0"))
        yield from ((0, "SEQEND"), (8, name))


def _name(layer: Layer) -> str:
    """Return the layer's name in the characters that R12 allows."""
    return re.sub(r"[^A-Z0-9]+", "_", layer.label.upper()).strip("_")


def find_colour_number(colour: tuple[int, int, int]) -> int:
    """Return the number of the nearest of AutoCAD's colours."""
    numbered = {**GREYS, **{number: _mix(number) for number in range(10, 250)}}
    return min(numbered, key=lambda number: sum((a - b) ** 2 for a, b in zip(numbered[number], colour, strict=True)))


def _mix(number: int) -> tuple[int, int, int]:
    """Return the red, green and blue of one of the colours 10 to 249."""
    hue, value, pale = (number // 10 - 1) / 4, VALUES[number % 10 // 2], number % 2
    ramp = [min(max(abs((hue - shift) % 6 - 3) - 1, 0), 1) for shift in (0, 2, 4)]
    red, green, blue = (round(255 * value * (each + (1 - each) * 0.5 * pale)) for each in ramp)
    return red, green, blue
