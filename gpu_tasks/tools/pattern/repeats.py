"""Tiles laid out side by side, and how well they join.

Half-drop moves every second column of tiles down by half a tile, brick every second row to the right by half. A tile
continues to the left and to the right as the same pixels only where half of it is a whole number of pixels: `fitted`
gives every tile such a size, and `half` is the one shift that all who move tiles use.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from craftspark.tools.pattern import CM_PER_INCH
from craftspark.tools.toss import Repeat
from gpu_tasks.images.pixels import Pixels

JOINED = 4  # of a tile's side, one part in so many is where a picture's two edges are blended
NEAR = 4  # lines on each side of a seam
FLAT = 0.5  # of 255: differences below are none to the eye, and a flat tile has no seam


def half(side: int) -> int:
    """The shift of a half-drop or brick, in pixels; raises ValueError for a side that has no half."""
    if side % 2:
        raise ValueError(f"a side of {side} pixels has no half; see fitted")
    return side // 2


def fitted(size: tuple[float, float], repeat: Repeat) -> tuple[int, int]:
    """The nearest (width, height) in whole pixels that a tile of this repeat can have."""
    step = 2 if repeat in ("half-drop", "brick") else 1
    width, height = (max(step, step * round(side / step)) for side in size)
    return width, height


def straight_tile(tile: Pixels, repeat: Repeat) -> Pixels:
    """The smallest tile that makes the same pattern when it is repeated straight."""
    if repeat == "half-drop":
        return np.concatenate([tile, np.roll(tile, half(tile.shape[0]), 0)], 1)
    if repeat == "brick":
        return np.concatenate([tile, np.roll(tile, half(tile.shape[1]), 1)], 0)
    return tile


def lay_out(tile: Pixels, repeat: Repeat, size: tuple[int, int]) -> Pixels:
    """The pattern over `size`, (width, height) in pixels; one that repeats along one axis has no more than a row."""
    unit = straight_tile(tile, repeat)
    width, height = size
    across, down = -(-width // unit.shape[1]), -(-height // unit.shape[0])
    if repeat == "x":
        down, height = 1, min(height, unit.shape[0])
    if repeat == "y":
        across, width = 1, min(width, unit.shape[1])
    return np.tile(unit, (down, across, 1))[:height, :width]


def sheet(tile: Pixels, repeat: Repeat, width_cm: float, height_cm: float, repeat_cm: float, *, dpi: int) -> Pixels:
    """The pattern to be printed at `dpi`, one tile `repeat_cm` wide. Takes three times the memory of the result."""
    side = dots(repeat_cm, dpi)
    scaled = resized(tile, (side, side * tile.shape[0] / tile.shape[1]), repeat)
    return lay_out(scaled, repeat, (pixels_of(width_cm, dpi), pixels_of(height_cm, dpi)))


def dots(cm: float, dpi: int) -> float:
    """A length in print, in pixels, not yet whole ones."""
    return cm / CM_PER_INCH * dpi


def pixels_of(cm: float, dpi: int) -> int:
    """A length in print, in whole pixels."""
    return round(dots(cm, dpi))


def resized(tile: Pixels, size: tuple[float, float], repeat: Repeat) -> Pixels:
    """The tile at another size, still without a seam: what lies beyond its edges is seen.

    The result has the size, (width, height) in pixels, that `fitted` answers.
    """
    height, width = tile.shape[:2]
    size = fitted(size, repeat)
    if size == (width, height):
        return tile
    # A quarter of a tile around it is more than the filter's reach, which is three pixels of the coarser of the two.
    around = surrounded(tile, height // 4, width // 4, repeat)
    left, top = (width // 4 if repeat != "y" else 0), (height // 4 if repeat != "x" else 0)
    picture = Image.fromarray(around)
    box = (left, top, left + width, top + height)
    if picture.mode == "RGBA":
        picture = picture.convert("RGBa")  # transparent colour must not bleed
    scaled = picture.resize(size, Image.Resampling.LANCZOS, box=box)
    return np.asarray(scaled.convert("RGBA") if scaled.mode == "RGBa" else scaled)


def surrounded(tile: Pixels, high: int, wide: int, repeat: Repeat) -> Pixels:
    """The tile with `high` rows and `wide` columns of its neighbours on each side that has some."""
    if repeat == "brick":
        return surrounded(tile.swapaxes(0, 1), wide, high, "half-drop").swapaxes(0, 1)
    if repeat != "y" and wide:
        neighbour = np.roll(tile, half(tile.shape[0]), 0) if repeat == "half-drop" else tile
        tile = np.concatenate([neighbour[:, -wide:], tile, neighbour[:, :wide]], 1)
    if repeat != "x" and high:
        tile = np.concatenate([tile[-high:], tile, tile[:high]], 0)
    return np.ascontiguousarray(tile)


def joined(picture: Pixels, size: tuple[int, int], repeat: Repeat) -> Pixels:
    """A tile of `size`, (width, height), of a picture (height, width, 3) whose edges fade into one another.

    The part of the picture that is shown is the largest of the tile's aspect around its middle.
    """
    width, height = size
    across = 0 if repeat == "y" else width // JOINED
    down = 0 if repeat == "x" else height // JOINED
    fitted = ImageOps.fit(Image.fromarray(picture), (width + across, height + down), Image.Resampling.LANCZOS)
    values = np.asarray(fitted).astype(np.float32)
    if repeat == "brick":
        values = _faded(values.swapaxes(0, 1), across, 0).swapaxes(0, 1)
        values = _faded(values, down, half(width))
    else:
        values = _faded(values, down, 0)
        shift = half(height) if repeat == "half-drop" else 0
        values = _faded(values.swapaxes(0, 1), across, shift).swapaxes(0, 1)
    return np.ascontiguousarray(np.rint(values).astype(np.uint8))


def _faded(rows: NDArray[np.float32], beyond: int, shift: int) -> NDArray[np.float32]:
    """Rows without the last `beyond`, which fade into the first; the neighbour above is moved right by `shift`."""
    if not beyond:
        return rows
    share = (np.arange(beyond, dtype=np.float32) / beyond)[:, None, None]
    kept = rows[:-beyond].copy()
    kept[:beyond] = share * kept[:beyond] + (1 - share) * np.roll(rows[-beyond:], -shift, axis=1)
    return kept


def seam_over_inner(tile: Pixels, repeat: Repeat) -> float:
    """How much more neighbouring pixels differ across the tile's edges than around them: 1 is no seam.

    It is the mean absolute difference of the pixels on both sides of an edge, over that of all neighbours inside, or
    of the steepest of the NEAR lines beside it where something of the picture lies just there; in the direction across
    the edge. Half a value is added to both, so that a flat tile has none. The worse of the edges that repeat counts.
    """
    ratios = []
    if repeat != "y":
        ratios.append(_over_inner(surrounded(tile, 0, 2, "half-drop" if repeat == "half-drop" else "x")))
    if repeat != "x":
        across = tile.swapaxes(0, 1)
        ratios.append(_over_inner(surrounded(across, 0, 2, "half-drop" if repeat == "brick" else "x")))
    return max(ratios)


def _over_inner(rows: NDArray[np.uint8]) -> float:
    """Of pixels (height, 2 + width + 2, channels), whose left and right two columns are the neighbours'."""
    values = rows.astype(np.float32)
    steps = np.abs(np.diff(values, axis=1)).mean((0, 2))  # between column n and n + 1
    inner = steps[2:-2]
    beside = max(inner[:NEAR].max(), inner[-NEAR:].max())
    seam = steps[[1, -2]].mean()
    return float((seam + FLAT) / (max(inner.mean(), beside) + FLAT))
