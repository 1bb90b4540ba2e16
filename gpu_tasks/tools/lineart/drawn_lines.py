"""Drawn lines: dark lines that a picture already has. Each becomes one stroke in its middle.

A dark line is darker than what is on both sides of it and not wider than a limit. Two things are dark and narrow but no
lines: the tip of a wide dark area, whose rest is drawn by its border, and a dot, which is as wide as it is long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gpu_tasks.activity import record_activity
from gpu_tasks.tools.cutting.ground import find_wide
from gpu_tasks.tools.lineart.thinning import thin

DARKER = 0.13  # OKLab lightness: how much darker than its sides a line is
NOISE = 5.0  # times the noise: the same where there is noise
ALIKE = 0.12  # OKLab lightness: a wide area that is as dark as the line next to it
LONG = 2.5  # times its width: a shorter piece is a dot
SPECK = 0.2  # of the largest dot: a smaller one is a speck
WIDE = 2.4  # times the line's own width: a wider part of a line is an area
SQUARE, CROSS = np.ones((3, 3), bool), ndimage.generate_binary_structure(2, 1)


@dataclass(frozen=True, kw_only=True)
class DrawnLines:
    """The pixels (height, width) of dark lines, and those of dots that are too small for a border."""

    lines: NDArray[np.bool_]
    dots: NDArray[np.bool_]


def find_drawn_lines(lightness: NDArray[np.float32], *, noise: float, widest: int, dot: float) -> DrawnLines:
    """Return the dark lines that are at most `widest` pixels wide, and the dots narrower than `dot` pixels."""
    radius = max(2, round(widest / 2))
    around = close(lightness, radius)
    dark = around - lightness > max(DARKER, NOISE * noise)
    dark &= ~find_tips(dark, lightness, around, radius)
    lines, dots = np.zeros_like(dark), np.zeros_like(dark)
    pieces, count = ndimage.label(dark, SQUARE)
    record_activity()
    if not count:
        return DrawnLines(lines=lines, dots=dots)
    middle = thin(dark)
    lengths = np.bincount(pieces[middle], minlength=count + 1)
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    for number, place in enumerate(ndimage.find_objects(pieces), 1):
        own = pieces[place] == number
        width = areas[number] / max(1, lengths[number])
        if lengths[number] < LONG * width:
            if SPECK * dot < areas[number] ** 0.5 < dot:
                dots[place] |= own
            continue
        lines[place] |= own & ~find_wide(own, WIDE * width + 2)
    return DrawnLines(lines=lines, dots=dots)


def close(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Return values (height, width) after a morphological closing with an octagon of this radius."""
    for round_ in range(radius):
        values = ndimage.grey_dilation(values, footprint=CROSS if round_ % 2 else SQUARE, mode="nearest")
    for round_ in range(radius):
        values = ndimage.grey_erosion(values, footprint=CROSS if round_ % 2 else SQUARE, mode="nearest")
    return values


def find_tips(
    dark: NDArray[np.bool_], lightness: NDArray[np.float32], around: NDArray[np.float32], radius: int
) -> NDArray[np.bool_]:
    """Return the dark narrow pixels (height, width) near a wide area that is about as dark."""
    if not dark.any():
        return dark
    beside = ndimage.binary_dilation(dark, SQUARE, iterations=2) & ~dark
    nearest = ndimage.distance_transform_edt(~dark, return_distances=False, return_indices=True)
    mouths = beside & (lightness < lightness[tuple(nearest)] + ALIKE) & (lightness < around + ALIKE)
    # The edge of a line is as dark as its outermost pixels, but its sides are not.
    mouths &= ndimage.grey_erosion(around, footprint=CROSS, mode="nearest") - lightness < DARKER / 4
    deep = ndimage.maximum_filter(np.where(dark, around - lightness, 0), size=2 * radius + 1)
    mouths &= (around - lightness) < deep / 4
    core = ndimage.minimum_filter(np.where(dark, lightness, 9), size=2 * radius + 1)
    mouths &= lightness < core + ALIKE
    if not mouths.any():
        return np.zeros_like(dark)
    tips: NDArray[np.bool_] = dark & (ndimage.distance_transform_edt(~mouths) <= 2 * radius)
    return tips
