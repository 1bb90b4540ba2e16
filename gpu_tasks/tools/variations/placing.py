"""The place of a drawing: the part of a source that a window of the model's size shows."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from craftspark.tools.windows import Box, fit_into
from gpu_tasks.images.drawing import MIN_INK
from gpu_tasks.images.pixels import Pixels, flatten_on_white, resample, shrink
from gpu_tasks.tools.cutting.ground import measure_distance, measure_ground
from gpu_tasks.tools.cutting.matte import cut_out, has_plain_ground, inspect
from gpu_tasks.tools.variations.keeping import lay_over

SEARCHED = 512  # pixels of the longer side of the copy in which objects are found
LIFTED = 1024  # pixels of the longer side of the copy from which objects are lifted
VISIBLE = 8  # of 255; a smaller alpha is a trace of resampling
STANDS_OUT = 24  # of 255, in the worst channel: difference from a plain ground
DARK = (64, 64, 64)  # the ground of objects that are almost white
ALMOST_WHITE = 3  # of 255, in the worst channel: difference from the white of drawings that nobody sees
MARGIN = 0.08  # share of the objects' longer side that is drawn around them


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a drawing of `size` (width, height) shows a source: `part` of the source is `inner` of the drawing.

    `ground` is the colour (3) of a plain ground that is not white, from which the objects are lifted, or None.
    """

    size: tuple[int, int]
    part: Box
    inner: Box
    ground: Pixels | None = None


def find_place(picture: Pixels, size: tuple[int, int]) -> Place:
    """Return the place of a drawing of `size` (width, height) in a picture (height, width, 3 or 4).

    The model draws objects that fill its size, and loses small ones. So if the ground is clear or plain, the part is
    what stands out from it, and otherwise the whole picture.
    """
    height, width = picture.shape[:2]
    small = shrink(picture, SEARCHED)
    objects = find_objects(small, max(height, width) / max(small.shape[:2]), (width, height))
    part = widen(objects, size[0] / size[1], (width, height))
    inner = fit_into((part.right - part.left, part.bottom - part.top), size)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    return Place(
        size=size,
        part=part,
        inner=Box(left, top, left + inner[0], top + inner[1]),
        ground=_find_coloured_ground(small),
    )


def _find_coloured_ground(picture: Pixels) -> Pixels | None:
    """Return the colour (3) of a plain ground that is not white, on which an object can be lifted from it."""
    if picture.shape[2] == 4 or not has_plain_ground(picture):
        return None
    ground = measure_ground(picture.astype(np.float32))
    if (255 - ground).max() <= ALMOST_WHITE:
        return None
    flaw = inspect(cut_out(picture)).flaw
    return None if flaw and flaw.fatal else ground.round().astype(np.uint8)


def find_objects(small: Pixels, scale: float, whole: tuple[int, int]) -> Box:
    """Return the box of everything that stands out from a clear or plain ground, with a margin, or the whole picture.

    `small` is a copy that is `scale` times smaller than the picture, whose size is `whole` (width, height).
    """
    width, height = whole
    seen = _find_visible(small)
    rows, columns = (np.flatnonzero(seen.any(axis)) for axis in (1, 0))
    if not rows.size:
        return Box(0, 0, width, height)
    space = MARGIN * max(rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0])
    return Box(
        max(0, floor((columns[0] - space) * scale)),
        max(0, floor((rows[0] - space) * scale)),
        min(width, ceil((columns[-1] + 1 + space) * scale)),
        min(height, ceil((rows[-1] + 1 + space) * scale)),
    )


def _find_visible(picture: Pixels) -> NDArray[np.bool_]:
    """Return what stands out from the ground (height, width): nothing if the ground is neither clear nor plain."""
    if picture.shape[2] == 4 and picture[..., 3].min() <= VISIBLE:
        visible: NDArray[np.bool_] = picture[..., 3] > VISIBLE
        return visible
    colours = flatten_on_white(picture)
    if not has_plain_ground(colours):
        return np.zeros(picture.shape[:2], np.bool_)
    values = colours.astype(np.float32)
    return measure_distance(values, measure_ground(values)) > STANDS_OUT


def widen(box: Box, aspect: float, whole: tuple[int, int]) -> Box:
    """Return a box with about this aspect, width over height, around another one, as far as the picture has room."""
    width, height = box.right - box.left, box.bottom - box.top
    left, right = _extend(box.left, box.right, round(height * aspect), whole[0])
    top, bottom = _extend(box.top, box.bottom, round(width / aspect), whole[1])
    return Box(left, top, right, bottom)


def _extend(start: int, end: int, length: int, whole: int) -> tuple[int, int]:
    """Return a range of at least this length around another one, but not beyond the whole."""
    length = min(max(length, end - start), whole)
    first = min(max(0, (start + end - length) // 2), whole - length)
    return first, first + length


def fill_window(picture: Pixels, place: Place) -> Pixels:
    """Return the window (height, width, 3) of a part of a picture on white, as models know objects. Objects that are
    almost white are on a dark ground.
    """
    part, inner = cut(picture, place.part), place.inner
    objects = part if place.ground is None else cut_out(shrink(part, LIFTED))
    behind = np.array(DARK if _is_pale(objects) else (255, 255, 255), np.uint8)
    window = np.tile(behind, (place.size[1], place.size[0], 1))
    flat = objects if objects.shape[2] == 3 else lay_over(objects, behind)
    size = inner.right - inner.left, inner.bottom - inner.top
    window[inner.top : inner.bottom, inner.left : inner.right] = resample(flat, size)
    return window


def _is_pale(picture: Pixels) -> bool:
    """Return whether what is visible of a picture (height, width, 3 or 4) would hardly be visible on white."""
    if picture.shape[2] == 3:
        return False
    colours = picture[..., :3][picture[..., 3] > 127]
    return bool(colours.size) and float((255 - colours.min(1) > STANDS_OUT).mean()) < MIN_INK


def cut(pixels: Pixels, box: Box) -> Pixels:
    """Return the pixels of a box."""
    return np.ascontiguousarray(pixels[box.top : box.bottom, box.left : box.right])
