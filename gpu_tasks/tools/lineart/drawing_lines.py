"""The lines of a picture as a page of filled strokes in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, unary_union
from shapely.affinity import scale as scale_shape

from craftspark.errors import ImageFlawed
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.vectors.page import Layer, Page
from gpu_tasks.tools.cutting.tracing.budget import fit_within_budget
from gpu_tasks.tools.cutting.tracing.shapes import extract_polygons, fill_contours, find_contours
from gpu_tasks.tools.lineart.drawn_lines import find_drawn_lines
from gpu_tasks.tools.lineart.features import Features, measure_features
from gpu_tasks.tools.lineart.regions import EVEN, find_borders
from gpu_tasks.tools.lineart.strokes import Stroke, trace_strokes

INK = "#000000"
MAX_NODES = 20_000  # of a page; programs that colour or cut open larger files slowly
MAX_TOLERANCE_MM = 0.2
WIDEST = 0.026  # share of the side of a square of the same area: width of a line that the picture already has
GAP = 1.4  # times the width of a stroke; nearer lines would touch
DOT = 3.0  # times the width of a stroke: a smaller dot is filled, because no ring fits into it
SPUR = 2.0  # times the width of a stroke
SMOOTH = 2.2  # pixels: standard deviation of the smoothing of strokes
QUARTER_SEGMENTS = 6  # straight lines for a quarter of a round end
SHORTEST_PAGE = 0.1  # of the longer side; lines that are shorter altogether are no drawing
MAX_INK = 0.25  # share of the page; more leaves too little to colour
MIN_EVEN = 0.15  # share of the picture; drawings have more than half, and a picture of noise a tenth at most
NOISY = 0.05  # of the lightness: deviation of a noise that hides borders


@dataclass(frozen=True, kw_only=True)
class Detail:
    """How much of a picture becomes lines. `visible` is the smallest contrast of a border in OKLab, `smallest` the area
    of a region as a share of the picture, and `shortest_mm` the length of the shortest line.
    """

    visible: float
    smallest: float
    shortest_mm: float


DETAILS = {
    "low": Detail(visible=0.09, smallest=0.0012, shortest_mm=8),
    "medium": Detail(visible=0.05, smallest=0.0004, shortest_mm=4),
    "high": Detail(visible=0.03, smallest=0.00012, shortest_mm=2),
}


def draw_lines(picture: Pixels, *, width_mm: float, line_mm: float, detail: str) -> Page:
    """Return the lines of a picture (height, width, 3 or 4) as filled strokes on a page as wide as `width_mm`.

    Raises ImageFlawed if there are no lines, or so many that nothing is left to colour, or if it is noise.
    """
    features = measure_features(picture)
    check_even_areas(features)
    height, width = features.lightness.shape
    mm = width_mm / width
    line, chosen = line_mm / mm, DETAILS[detail]
    longest = max(height, width)
    drawn = find_drawn_lines(
        features.lightness, noise=features.noise, widest=round(WIDEST * (height * width) ** 0.5), dot=DOT * line
    )
    borders = find_borders(
        features,
        drawn.lines | drawn.dots,
        visible=max(chosen.visible, 4 * features.noise),
        smallest=max(chosen.smallest * height * width, line * line),
    )
    record_activity()
    strokes = trace_strokes(
        drawn.lines | borders,
        gap=GAP * line,
        spur=SPUR * line,
        shortest=chosen.shortest_mm / mm,
        smooth=SMOOTH,
    )
    check_lines(strokes, longest, features.noise)
    shape = fill_strokes(strokes, drawn.dots, line)
    return lay_out(extract_polygons(scale_shape(shape, mm, mm, origin=(0, 0))), width_mm, height * mm)


def check_even_areas(features: Features) -> None:
    """Raise ImageFlawed if a picture has hardly any even areas: the borders of noise are a scribble."""
    if (features.slope < EVEN).mean() < MIN_EVEN:
        raise ImageFlawed(
            "the source is noise or a fine texture: it has no even areas to colour; use a source with clear shapes"
        )


def check_lines(strokes: list[Stroke], longest: int, noise: float) -> None:
    """Raise ImageFlawed if strokes are too short altogether, compared with the longer side in pixels. `noise` is that
    of the picture.
    """
    total = sum(float(np.hypot(*np.diff(stroke, axis=0).T).sum()) for stroke in strokes)
    if total >= SHORTEST_PAGE * longest:
        return
    if noise > NOISY:
        raise ImageFlawed("the source is so noisy that no border can be found in it; use a source with less noise")
    raise ImageFlawed(
        "the source has no lines: it is almost one colour, or its colours differ too little; increase detail or use "
        "another source"
    )


def fill_strokes(strokes: list[Stroke], dots: NDArray[np.bool_], width: float) -> MultiPolygon:
    """Return the area of strokes of this width with round ends, and of dots (height, width). All are pixels."""
    filled = [LineString(stroke).buffer(width / 2, quad_segs=QUARTER_SEGMENTS) for stroke in strokes]
    if dots.any():
        filled.append(fill_contours(find_contours(dots.astype(np.float32) - 0.5, 1)))
    return extract_polygons(unary_union(filled))


def lay_out(shape: MultiPolygon, width_mm: float, height_mm: float) -> Page:
    """Return an area in mm as a page of one layer. Raises ImageFlawed if it covers most of the page."""
    if shape.area > MAX_INK * width_mm * height_mm:
        raise ImageFlawed(
            "the source has so many lines that they cover most of the page; reduce detail or line_mm, or increase "
            "width_mm"
        )
    [rings] = fit_within_budget([shape], MAX_NODES, MAX_TOLERANCE_MM)
    return Page(width_mm=width_mm, height_mm=height_mm, layers=[Layer(name="Lines", colour=INK, rings=rings)])
