"""Outlines: the one closed line around a sticker, and the block of pixels that holds it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from shapely import MultiPolygon
from shapely.affinity import scale as scale_shape

from craftspark.errors import ImageFlawed
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels, shrink
from gpu_tasks.images.vectors.page import Ring
from gpu_tasks.tools.cutting.canvas import PIXELS_PER_METRE, Canvas, make_canvas
from gpu_tasks.tools.cutting.cut_file import MAX_TOLERANCE, NOISE, measure_bounds
from gpu_tasks.tools.cutting.matte import trim
from gpu_tasks.tools.cutting.printing import MAX_ENLARGED, print_side
from gpu_tasks.tools.cutting.sticker import add_border
from gpu_tasks.tools.cutting.tracing.budget import fit_within_budget
from gpu_tasks.tools.cutting.tracing.shapes import fill_contours, find_contours, measure_area

SMALLEST_MM = 1.5  # width of the narrowest bridge between the parts of a sticker
SPECK_MM = 1.0  # parts with less area than half a square of this side are not outlined
MAX_NODES = 300  # of one outline
MIN_OBJECT_PIXELS = 16  # of the longer side


@dataclass(frozen=True, kw_only=True)
class Outline:
    """The cut line of a sticker in mm, from the left top corner of its block. The block is the smallest area of whole
    pixels around the line; `canvas` places it on the trimmed object. `object_width` is that of the object in pixels.
    """

    ring: Ring
    canvas: Canvas
    object_width: int

    @property
    def size_mm(self) -> tuple[float, float]:
        """The width and the height of the block."""
        return self.canvas.width_mm, self.canvas.height_mm

    def place_on(self, motif: Pixels) -> Canvas:
        """Return the block on another copy of the object, (height, width, 4)."""
        scale = self.object_width / motif.shape[1]
        return replace(self.canvas, mm_per_pixel=self.canvas.mm_per_pixel * scale)


def extract_object(picture: Pixels, width_mm: float) -> Pixels:
    """Return the object of a picture (height, width, 4) with at most the pixels that its print needs."""
    motif = trim(picture, 0)
    return shrink(motif, min(MAX_ENLARGED, round(print_side(motif, width_mm))))


def outline_object(motif: Pixels, width_mm: float, outline_mm: float) -> Outline:
    """Return the line around an object (height, width, 4), `outline_mm` outside its alpha where it is `width_mm` wide.

    Raises ImageFlawed if nothing in it is solid, or if it has too few pixels.
    """
    found = find_contours(motif[..., 3].astype(np.float32) - 127.5, 1)
    if not found:
        raise ImageFlawed("nothing in it is solid, so there is nothing to cut out")
    speck = SPECK_MM / width_mm * _measure_width(found)
    kept = [contour for contour in found if measure_area(contour[0]) >= speck**2 / 2] or found[:1]
    side = max(float(np.ptp(np.concatenate([outer for outer, *_ in kept])[:, axis])) for axis in (0, 1))
    if side < MIN_OBJECT_PIXELS:
        raise ImageFlawed(
            f"its object has {side:.0f} pixels, too few for a print of {width_mm:g} mm; use a source with a larger "
            "object"
        )
    mm = width_mm / _measure_width(kept)
    shape = scale_shape(fill_contours(kept).simplify(NOISE), mm, mm, origin=(0, 0))
    record_activity()
    border = add_border(shape, outline_mm, SMALLEST_MM)
    [[ring]] = fit_within_budget([_keep_largest(border)], MAX_NODES, MAX_TOLERANCE * side * mm)
    canvas = make_canvas(measure_bounds([ring]), 0, mm, PIXELS_PER_METRE)
    return Outline(ring=ring - np.array([canvas.left_mm, canvas.top_mm]), canvas=canvas, object_width=motif.shape[1])


def _measure_width(found: list[list[np.ndarray]]) -> float:
    return float(np.ptp(np.concatenate([outer for outer, *_ in found])[:, 0]))


def _keep_largest(shape: MultiPolygon) -> MultiPolygon:
    """Keep the largest piece. Another one is too narrow to cut, or it would be joined to the largest."""
    return MultiPolygon([max(shape.geoms, key=lambda piece: piece.area)])
