"""Canvases: the one area in millimetres that the picture, the sticker and the cut file of an image share."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from PIL import Image

from craftspark.tools.prints import MAX_PRINT_SIDE
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.vectors.page import MM_PER_INCH

PIXELS_PER_METRE = 11811  # 300 dpi; PNG files state whole pixels per metre
MIN_SIDE = 512  # pixels of the longer side; a smaller print has more pixels per metre
FAINT = 3  # of 255; an alpha of at most this is a trace of resampling

Bounds = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """An area of `width` x `height` pixels around a motif. Its left top corner is at `left_mm` and `top_mm` of the
    motif, whose pixels have a side of `mm_per_pixel`.
    """

    left_mm: float
    top_mm: float
    width: int
    height: int
    pixels_per_metre: int
    mm_per_pixel: float

    @property
    def width_mm(self) -> float:
        """The width, exactly that of the pixels."""
        return self.width * 1000 / self.pixels_per_metre

    @property
    def height_mm(self) -> float:
        """The height, exactly that of the pixels."""
        return self.height * 1000 / self.pixels_per_metre

    @property
    def dpi(self) -> float:
        """Pixels per inch."""
        return self.pixels_per_metre * MM_PER_INCH / 1000


def make_canvas(bounds: Bounds, margin_mm: float, mm_per_pixel: float, pixels_per_metre: int | None = None) -> Canvas:
    """Return the canvas of whole pixels with a margin around bounds in mm.

    Without a resolution, it has that of print, or one that suits the smallest and the largest print.
    """
    left, top, right, bottom = bounds
    sides = right - left + 2 * margin_mm, bottom - top + 2 * margin_mm
    pixels_per_metre = pixels_per_metre or min(
        max(PIXELS_PER_METRE, ceil(MIN_SIDE * 1000 / max(sides))), floor(MAX_PRINT_SIDE * 1000 / max(sides))
    )
    # A side that is a whole number of pixels does not become a pixel longer by rounding.
    width, height = (max(1, ceil(side * pixels_per_metre / 1000 - 1e-6)) for side in sides)
    spare = [pixels * 1000 / pixels_per_metre - side for pixels, side in zip((width, height), sides, strict=True)]
    return Canvas(
        left_mm=left - margin_mm - spare[0] / 2,
        top_mm=top - margin_mm - spare[1] / 2,
        width=width,
        height=height,
        pixels_per_metre=pixels_per_metre,
        mm_per_pixel=mm_per_pixel,
    )


def paint_motif(motif: Pixels, canvas: Canvas) -> Pixels:
    """Return a motif (height, width, 4) on a canvas, resampled to the canvas's pixels."""
    step = 1000 / canvas.pixels_per_metre / canvas.mm_per_pixel  # motif pixels per canvas pixel
    left, top = canvas.left_mm / canvas.mm_per_pixel, canvas.top_mm / canvas.mm_per_pixel
    right, bottom = left + canvas.width * step, top + canvas.height * step
    height, width = motif.shape[:2]
    around = [max(0, ceil(over)) for over in (-left, -top, right - width, bottom - height)]
    padded = np.pad(motif, ((around[1], around[3]), (around[0], around[2]), (0, 0)))
    box = left + around[0], top + around[1], right + around[0], bottom + around[1]
    resized = Image.fromarray(padded).resize((canvas.width, canvas.height), Image.Resampling.BICUBIC, box=box)
    painted = np.array(resized)
    painted[painted[..., 3] <= FAINT] = 0
    return painted
