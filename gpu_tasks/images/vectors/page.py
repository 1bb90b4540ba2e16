"""A page of closed paths in millimetres, as layers of one colour each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# A closed path: (segments, 4, 2), each segment a cubic Bezier curve from its first to its last point. The end of each
# segment is the start of the next one. A straight segment has its control points at its ends.
Ring: TypeAlias = NDArray[np.float64]

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72


@dataclass(frozen=True, kw_only=True)
class Layer:
    """The closed paths of one colour, `#rrggbb`. An area inside two paths is a hole."""

    name: str
    colour: str
    rings: Sequence[Ring]

    @property
    def label(self) -> str:
        """The name and the colour, as programs show them."""
        return f"{self.name} {self.colour}"


@dataclass(frozen=True, kw_only=True)
class Page:
    """Layers on a page in millimetres, from the bottom to the top. The origin is the top left corner."""

    width_mm: float
    height_mm: float
    layers: Sequence[Layer]

    @property
    def nodes(self) -> int:
        """The number of segments, which is that of the points between them."""
        return sum(len(ring) for layer in self.layers for ring in layer.rings)

    def mirrored(self) -> Page:
        """Return the page as it looks from behind."""
        flip = np.array([-1.0, 1.0])
        shift = np.array([self.width_mm, 0.0])
        return replace(
            self,
            layers=[replace(layer, rings=[ring * flip + shift for ring in layer.rings]) for layer in self.layers],
        )


def is_line(segment: NDArray[np.float64]) -> bool:
    """Return whether a segment (4, 2) is straight."""
    return bool((segment[0] == segment[1]).all() and (segment[2] == segment[3]).all())


def make_line_ring(points: NDArray[np.float64]) -> Ring:
    """Return a closed path of straight segments through these points (points, 2). The first is not repeated."""
    after = np.roll(points, -1, axis=0)
    return np.stack([points, points, after, after], axis=1)


def to_points(page: Page) -> Page:
    """Return the page in units of 1/72 inch with the origin in its lower left corner, as PostScript and PDF have it."""
    scale = POINTS_PER_INCH / MM_PER_INCH
    flip, shift = np.array([scale, -scale]), np.array([0.0, page.height_mm * scale])
    return Page(
        width_mm=page.width_mm * scale,
        height_mm=page.height_mm * scale,
        layers=[replace(layer, rings=[ring * flip + shift for ring in layer.rings]) for layer in page.layers],
    )


def flatten(ring: Ring, tolerance: float) -> NDArray[np.float64]:
    """Return the points (points, 2) of straight lines that stay within the tolerance of the curves. The first point is
    not repeated.
    """
    parts = []
    for segment in ring:
        if is_line(segment):
            parts.append(segment[:1])
            continue
        # The distance of a chord from its curve is at most 1/8 of the second derivative, which is at most this.
        bend = 6 * max(
            float(np.hypot(*(segment[0] - 2 * segment[1] + segment[2]))),
            float(np.hypot(*(segment[1] - 2 * segment[2] + segment[3]))),
        )
        count = max(1, int(np.ceil(np.sqrt(bend / (8 * tolerance)))))
        parts.append(evaluate(segment, np.arange(count) / count))
    return np.concatenate(parts)


def evaluate(segment: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points (points, 2) of a cubic Bezier curve (4, 2) at these parameters, 0 to 1."""
    t = at[:, None]
    s = 1 - t
    points: NDArray[np.float64] = (
        s**3 * segment[0] + 3 * s * s * t * segment[1] + 3 * s * t * t * segment[2] + t**3 * segment[3]
    )
    return points


def paint_operators(layer: Layer) -> Iterator[str]:
    """Yield the layer's path construction in the operators that PDF and our EPS share."""
    for ring in layer.rings:
        yield f"{_pair(ring[0, 0])} m"
        for place, segment in enumerate(ring):
            if not is_line(segment):
                yield f"{_pair(segment[1])} {_pair(segment[2])} {_pair(segment[3])} c"
            elif place < len(ring) - 1:  # h draws the last line
                yield f"{_pair(segment[3])} l"
        yield "h"


def read_colour(layer: Layer) -> tuple[int, int, int]:
    """Return the layer's red, green and blue, 0 to 255."""
    red, green, blue = bytes.fromhex(layer.colour.removeprefix("#"))
    return red, green, blue


def _pair(point: NDArray[np.float64]) -> str:
    return f"{format_number(point[0])} {format_number(point[1])}"


def format_number(value: float) -> str:
    """Return a number with at most three decimals, without trailing zeros and without a negative zero."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
