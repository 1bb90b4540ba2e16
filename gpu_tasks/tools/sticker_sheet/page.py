"""The page of a sticker sheet: the print, and the cut lines on the same canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from scipy import ndimage
from shapely import Polygon

from craftspark.tools.papers import PAPERS
from craftspark.tools.sticker_sheet import StickerSheetRequest
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels, flatten_on_white
from gpu_tasks.images.print_marks import Margins, find_paper_margins
from gpu_tasks.images.vectors.page import MM_PER_INCH, Layer, Page, Ring, flatten, make_line_ring
from gpu_tasks.tools.cutting.canvas import PIXELS_PER_METRE, paint_motif
from gpu_tasks.tools.cutting.printing import rasterise, spread_colours
from gpu_tasks.tools.cutting.tracing.shapes import QUARTER_SEGMENTS
from gpu_tasks.tools.sticker_sheet.outlines import Outline
from gpu_tasks.tools.sticker_sheet.packing import Packing, Place

DPI = PIXELS_PER_METRE * MM_PER_INCH / 1000
MM_PER_PIXEL = 1000 / PIXELS_PER_METRE
FLATNESS_MM = 0.01
EDGE_PIXELS = 2  # of the object or the page, whichever are larger: at its edge, an object can be partly clear


@dataclass(frozen=True, kw_only=True)
class Sticker:
    """An object (height, width, 4) with its outline."""

    motif: Pixels
    outline: Outline


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a page is painted from."""

    stickers: Sequence[Sticker]
    packing: Packing


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A paper as a page of whole pixels, (width, height), with its margins."""

    size: tuple[int, int]
    margins: Margins

    @classmethod
    def of(cls, request: StickerSheetRequest) -> Layout:
        """Return the layout of a request."""
        paper = PAPERS[request.paper]
        size = round(paper.width_mm / MM_PER_PIXEL), round(paper.height_mm / MM_PER_PIXEL)
        return cls(size=size, margins=find_paper_margins(request.bleed_mm, request.marks, DPI))

    @property
    def room_mm(self) -> tuple[float, float]:
        """The area for stickers."""
        width, height = ((side - 2 * self.margins.all) * MM_PER_PIXEL for side in self.size)
        return width, height

    def find_corner(self, place: Place) -> tuple[int, int]:
        """Return the pixel (left, top) of a place. Rounding down moves all stickers alike, so none come closer."""
        left, top = (self.margins.all + int(mm / MM_PER_PIXEL) for mm in (place.left_mm, place.top_mm))
        return left, top


def paint_page(sheet: Sheet, layout: Layout, *, white_border: bool, bleed_mm: float) -> Pixels:
    """Return the print of a sheet (height, width, 4). The page between the stickers is clear."""
    width, height = layout.size
    page = np.zeros((height, width, 4), np.uint8)
    bleed = layout.margins.bleed
    blocks = [paint_block(sticker, bleed, bleed_mm, white_border=white_border) for sticker in sheet.stickers]
    for place in sheet.packing.places:
        left, top = (corner - bleed for corner in layout.find_corner(place))
        block = np.rot90(blocks[place.sticker]) if place.turned else blocks[place.sticker]
        part = page[top : top + block.shape[0], left : left + block.shape[1]]
        # The clear corners of a block can lie on its neighbour.
        np.copyto(part, block, where=block[..., 3:] > part[..., 3:])
    record_activity()
    return page


def paint_block(sticker: Sticker, bleed: int, bleed_mm: float, *, white_border: bool) -> Pixels:
    """Return the print of a sticker (height, width, 4) on its block, with `bleed` more pixels on each side.

    It is solid up to `bleed_mm` outside the cut line: white, or without a border in the colours of the object's edge.
    """
    canvas = sticker.outline.place_on(sticker.motif)
    more_mm = bleed * MM_PER_PIXEL
    canvas = replace(
        canvas,
        left_mm=canvas.left_mm - more_mm,
        top_mm=canvas.top_mm - more_mm,
        width=canvas.width + 2 * bleed,
        height=canvas.height + 2 * bleed,
    )
    picture = paint_motif(sticker.motif, canvas)
    line = sticker.outline.ring + more_mm
    inside = rasterise(make_page([line], canvas.width, canvas.height), canvas.width, canvas.height)
    colours = flatten_on_white(picture)
    if not white_border:
        edge = ceil(EDGE_PIXELS * max(1.0, canvas.mm_per_pixel / MM_PER_PIXEL))
        core = ndimage.distance_transform_edt(inside >= 128) > edge
        colours = np.where(core[..., None], colours, spread_colours(picture))
    cover = inside
    if bleed:
        printed = make_page([grow_ring(line, bleed_mm)], canvas.width, canvas.height)
        cover = rasterise(printed, canvas.width, canvas.height)
    record_activity()
    return np.dstack([colours, cover]).astype(np.uint8)


def draw_cut_lines(sheet: Sheet, layout: Layout) -> Page:
    """Return the cut lines of a sheet, on a page of exactly the size of its print."""
    rings = []
    for place in sheet.packing.places:
        outline = sheet.stickers[place.sticker].outline
        ring = turn_ring(outline.ring, outline.size_mm[0]) if place.turned else outline.ring
        rings.append(ring + np.array(layout.find_corner(place)) * MM_PER_PIXEL)
    return make_page(rings, *layout.size)


def make_page(rings: Sequence[Ring], width: int, height: int) -> Page:
    """Return a page of these pixels with closed lines in mm."""
    layer = Layer(name="Cut outline", colour="#000000", rings=rings)
    return Page(width_mm=width * MM_PER_PIXEL, height_mm=height * MM_PER_PIXEL, layers=[layer])


def turn_ring(ring: Ring, width_mm: float) -> Ring:
    """Return a closed line of an area with this width, turned as `np.rot90` turns the area's pixels."""
    turned: Ring = ring[..., ::-1] * np.array([1.0, -1.0]) + np.array([0.0, width_mm])
    return turned


def grow_ring(ring: Ring, distance_mm: float) -> Ring:
    """Return a closed line around another one, at this distance."""
    grown = Polygon(flatten(ring, FLATNESS_MM)).buffer(0).buffer(distance_mm, quad_segs=QUARTER_SEGMENTS)
    return make_line_ring(np.array(grown.exterior.coords)[:-1])
