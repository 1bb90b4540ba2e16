"""Margins of a printed page, and the marks in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from craftspark.tools.print_marks import (
    CROP_LENGTH_MM,
    CROP_LINE_MM,
    CROP_OFFSET_MM,
    EDGE_MM,
    LEG_LINE_MM,
    LEG_MM,
    SQUARE_MM,
    Marks,
    paper_margin_mm,
    slug_mm,
)
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.vectors.page import MM_PER_INCH

Area = tuple[int, int, int, int]  # left, top, right, bottom in pixels


@dataclass(frozen=True, kw_only=True)
class Margins:
    """The pixels outside the trim on each side: the bleed, which is printed, and around it the room for marks."""

    bleed: int = 0
    slug: int = 0

    @property
    def all(self) -> int:
        """The pixels from the page's edge to the trim."""
        return self.bleed + self.slug


def find_margins(bleed_mm: float, marks: Marks, dpi: float) -> Margins:
    """Return the margins in whole pixels, none of them narrower than asked for."""
    return Margins(bleed=_to_dots(bleed_mm, dpi), slug=_to_dots(slug_mm(bleed_mm, marks), dpi))


def find_paper_margins(bleed_mm: float, marks: Marks, dpi: float) -> Margins:
    """Return the margins of a paper that is the whole page, in whole pixels, none of them narrower than asked for."""
    return Margins(bleed=_to_dots(bleed_mm, dpi), slug=_to_dots(paper_margin_mm(bleed_mm, marks) - bleed_mm, dpi))


def draw_marks(page: Pixels, margins: Margins, marks: Marks, dpi: float) -> None:
    """Draw black marks on a page (height, width, 3 or 4), outside the bleed."""
    height, width, channels = page.shape
    if marks == "crop":
        areas = _list_crop_marks(width, height, margins, dpi)
    elif marks == "registration":
        areas = _list_registration_marks(width, height, dpi)
    else:
        return
    for left, top, right, bottom in areas:
        page[top:bottom, left:right] = (0, 0, 0, 255)[:channels]


def _list_crop_marks(width: int, height: int, margins: Margins, dpi: float) -> Iterator[Area]:
    """Two lines at each corner, whose middles continue the edges of the trim."""
    half = _half_line(CROP_LINE_MM, dpi)
    last = margins.all - max(margins.bleed, _to_dots(CROP_OFFSET_MM, dpi))
    first = last - min(last, _to_dots(CROP_LENGTH_MM, dpi))
    for edge in (margins.all, width - margins.all):
        for top, bottom in ((first, last), (height - last, height - first)):
            yield edge - half, top, edge + half, bottom
    for edge in (margins.all, height - margins.all):
        for left, right in ((first, last), (width - last, width - first)):
            yield left, edge - half, right, edge + half


def _list_registration_marks(width: int, height: int, dpi: float) -> Iterator[Area]:
    """A square and two L-shapes, whose outer corners are those of one rectangle."""
    edge, square, leg, half = (
        _to_dots(EDGE_MM, dpi),
        _to_dots(SQUARE_MM, dpi),
        _to_dots(LEG_MM, dpi),
        _half_line(LEG_LINE_MM, dpi),
    )
    right, bottom = width - edge, height - edge
    yield edge, edge, edge + square, edge + square
    yield right - leg, edge - half, right + half, edge + half
    yield right - half, edge - half, right + half, edge + leg
    yield edge - half, bottom - half, edge + leg, bottom + half
    yield edge - half, bottom - leg, edge + half, bottom + half


def _to_dots(mm: float, dpi: float) -> int:
    # A length that is a whole number of pixels does not become a pixel longer by rounding.
    return ceil(mm / MM_PER_INCH * dpi - 1e-6)


def _half_line(mm: float, dpi: float) -> int:
    """Return half of the width of a line, in whole pixels, so that its middle is between two pixels."""
    return max(1, round(mm / MM_PER_INCH * dpi / 2))
