"""Repeats: tiles laid out side by side, and the quality of their seams.

Half of a tile's side is a whole number of pixels, or a half-drop and a brick would have no exact seam: `fit_size`
returns such sizes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from craftspark.tools.sheet import CM_PER_INCH
from craftspark.tools.toss import Repeat
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.print_marks import Margins
from gpu_tasks.inference.seamless.neighbours import add_neighbours, halve

NO_MARGINS = Margins()
BLEND_PARTS = 4  # a quarter of a tile's side is where a picture's two edges are blended
NEAR = 4  # lines on each side of a seam
FLAT = 0.5  # of 255; smaller differences are invisible, and a flat tile has neither seam nor ink


def fit_size(size: tuple[float, float], repeat: Repeat) -> tuple[int, int]:
    """Return the nearest (width, height) in whole pixels that a tile of this repeat can have."""
    step = 2 if repeat in ("half-drop", "brick") else 1
    width, height = (max(step, step * round(side / step)) for side in size)
    return width, height


def mirror(picture: Pixels) -> Pixels:
    """Return the picture with its mirror images to the right, below, and diagonally below. This tile joins in a
    straight repeat: along its edges and in its middle, each pixel has itself as its neighbour.
    """
    beside = np.concatenate([picture, picture[:, ::-1]], 1)
    return np.concatenate([beside, beside[::-1]], 0)


def name_layout(repeat: Repeat) -> Repeat:
    """Return the repeat of the tiles of a pattern: those that `mirror` makes are straight."""
    return "straight" if repeat == "mirror" else repeat


def make_straight_tile(tile: Pixels, repeat: Repeat) -> Pixels:
    """Return the smallest tile that makes the same pattern in a straight repeat."""
    if repeat == "half-drop":
        return np.concatenate([tile, np.roll(tile, halve(tile.shape[0]), 0)], 1)
    if repeat == "brick":
        return np.concatenate([tile, np.roll(tile, halve(tile.shape[1]), 1)], 0)
    return tile


def lay_out(tile: Pixels, repeat: Repeat, size: tuple[int, int]) -> Pixels:
    """Return the pattern over `size`, (width, height) in pixels. A pattern that repeats along one axis has only one row
    or column.
    """
    unit = make_straight_tile(tile, repeat)
    (high, wide), (width, height) = unit.shape[:2], size
    height = min(height, high) if repeat == "x" else height
    width = min(width, wide) if repeat == "y" else width
    laid = np.empty((height, width, unit.shape[2]), np.uint8)
    for top in range(0, height, high):
        record_activity()
        for left in range(0, width, wide):
            laid[top : top + high, left : left + wide] = unit[: height - top, : width - left]
    return laid


def make_sheet(
    tile: Pixels,
    repeat: Repeat,
    width_cm: float,
    height_cm: float,
    repeat_cm: float,
    *,
    dpi: int,
    margins: Margins = NO_MARGINS,
) -> Pixels:
    """Return the pattern to print at `dpi`, with tiles `repeat_cm` wide.

    The margins are outside the width and the height. The pattern continues in the bleed, and around it the page is
    white, or clear if the tile has transparency.
    """
    side = to_dots(repeat_cm, dpi)
    scaled = resize_tile(tile, (side, side * tile.shape[0] / tile.shape[1]), repeat)
    size = to_pixels(width_cm, dpi), to_pixels(height_cm, dpi)
    if not margins.bleed:
        return _frame(lay_out(scaled, repeat, size), margins.slug)
    # The tile is moved so that the trim starts where it would without a bleed.
    moved = np.roll(make_straight_tile(scaled, repeat), margins.bleed, (0, 1))
    width, height = (length + 2 * margins.bleed for length in size)
    return _frame(lay_out(moved, "straight", (width, height)), margins.slug)


def _frame(printed: Pixels, slug: int) -> Pixels:
    """Return a printed area with this many blank pixels around it."""
    if not slug:
        return printed
    height, width, channels = printed.shape
    page = np.full((height + 2 * slug, width + 2 * slug, channels), 0 if channels == 4 else 255, np.uint8)
    page[slug : slug + height, slug : slug + width] = printed
    return page


def to_dots(cm: float, dpi: int) -> float:
    """Convert a length in print to pixels, without rounding."""
    return cm / CM_PER_INCH * dpi


def to_pixels(cm: float, dpi: int) -> int:
    """Convert a length in print to whole pixels."""
    return round(to_dots(cm, dpi))


def resize_tile(tile: Pixels, size: tuple[float, float], repeat: Repeat) -> Pixels:
    """Resize the tile without making a seam: the filter sees the neighbours beyond the edges.

    The result has the size that `fit_size` returns.
    """
    height, width = tile.shape[:2]
    size = fit_size(size, repeat)
    if size == (width, height):
        return tile
    # A quarter of a tile exceeds the filter's reach, which is three pixels of the coarser picture.
    around = add_neighbours(tile, height // 4, width // 4, repeat)
    left, top = (width // 4 if repeat != "y" else 0), (height // 4 if repeat != "x" else 0)
    picture = Image.fromarray(around)
    box = (left, top, left + width, top + height)
    if picture.mode == "RGBA":
        picture = picture.convert("RGBa")  # transparent colour must not bleed
    scaled = picture.resize(size, Image.Resampling.LANCZOS, box=box)
    return np.asarray(scaled.convert("RGBA") if scaled.mode == "RGBa" else scaled)


def crop_to(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Return the largest centred part of a picture with the aspect ratio of `size`, (width, height), in that size."""
    return np.array(ImageOps.fit(Image.fromarray(picture), size, Image.Resampling.LANCZOS))


def blend_edges(picture: Pixels, size: tuple[int, int], repeat: Repeat) -> Pixels:
    """Return a tile of `size`, (width, height), from a picture (height, width, 3) whose opposite edges are blended.

    The tile shows the largest centred part of the picture with the tile's aspect ratio.
    """
    width, height = size
    across = 0 if repeat == "y" else width // BLEND_PARTS
    down = 0 if repeat == "x" else height // BLEND_PARTS
    fitted = ImageOps.fit(Image.fromarray(picture), (width + across, height + down), Image.Resampling.LANCZOS)
    values = np.asarray(fitted).astype(np.float32)
    if repeat == "brick":
        values = _fade(values.swapaxes(0, 1), across, 0).swapaxes(0, 1)
        values = _fade(values, down, halve(width))
    else:
        values = _fade(values, down, 0)
        shift = halve(height) if repeat == "half-drop" else 0
        values = _fade(values.swapaxes(0, 1), across, shift).swapaxes(0, 1)
    return np.ascontiguousarray(np.rint(values).astype(np.uint8))


def _fade(rows: NDArray[np.float32], beyond: int, shift: int) -> NDArray[np.float32]:
    """Return the rows without the last `beyond`, which fade into the first. The neighbour above is shifted right by
    `shift`.
    """
    if not beyond:
        return rows
    share = (np.arange(beyond, dtype=np.float32) / beyond)[:, None, None]
    kept = rows[:-beyond].copy()
    kept[:beyond] = share * kept[:beyond] + (1 - share) * np.roll(rows[-beyond:], -shift, axis=1)
    return kept


def measure_seam(tile: Pixels, repeat: Repeat) -> float:
    """Return how much more neighbouring pixels differ across the tile's edges than near them: 1 means no seam.

    The measure is the mean absolute difference across an edge, divided by the mean of all inner neighbours or by the
    steepest of the NEAR lines next to the edge, whichever is larger. Half a value is added to both, so that a flat tile
    has no seam. The worst of the repeat's edges counts. A blank border has no seam either: see `measure_border_ink`.
    """
    ratios = []
    if repeat != "y":
        ratios.append(_measure_seam(add_neighbours(tile, 0, 2, "half-drop" if repeat == "half-drop" else "x")))
    if repeat != "x":
        across = tile.swapaxes(0, 1)
        ratios.append(_measure_seam(add_neighbours(across, 0, 2, "half-drop" if repeat == "brick" else "x")))
    return max(ratios)


def measure_border_ink(tile: Pixels, repeat: Repeat) -> float:
    """Return how much of the tile's detail is at its edges: 0 means a blank border, 1 as much as elsewhere.

    The measure is the mean absolute difference between neighbours along an edge, in the NEAR lines on each side of it,
    divided by the mean along all lines. `measure_seam` cannot distinguish a blank border from a tile that continues in
    its neighbours; this measure can. The worst of the repeat's edges counts.
    """
    ratios = []
    if repeat != "y":
        ratios.append(_measure_ink(tile))
    if repeat != "x":
        ratios.append(_measure_ink(tile.swapaxes(0, 1)))
    return min(ratios)


def _measure_ink(rows: Pixels) -> float:
    """Measure the first and last columns of pixels (height, width, channels)."""
    columns = np.abs(np.diff(rows.astype(np.float32), axis=0)).mean((0, 2))
    return float(np.concatenate([columns[:NEAR], columns[-NEAR:]]).mean() / max(columns.mean(), FLAT))


def _measure_seam(rows: NDArray[np.uint8]) -> float:
    """Measure pixels (height, 2 + width + 2, channels). The two outer columns of each side are the neighbours'."""
    values = rows.astype(np.float32)
    steps = np.abs(np.diff(values, axis=1)).mean((0, 2))  # between column n and n + 1
    inner = steps[2:-2]
    beside = max(inner[:NEAR].max(), inner[-NEAR:].max())
    seam = steps[[1, -2]].mean()
    return float((seam + FLAT) / (max(inner.mean(), beside) + FLAT))
