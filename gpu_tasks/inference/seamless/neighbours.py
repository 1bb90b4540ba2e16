"""The neighbours of a tile in its repeat.

Half-drop shifts every second column of tiles down by half a tile, brick shifts every second row to the right by half. A
seam is exact only if half a tile is a whole number of pixels, and all code that shifts tiles uses `halve`.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from craftspark.tools.toss import Repeat

Array = TypeVar("Array", bound=Any)  # a NumPy array or a tensor


def halve(side: int) -> int:
    """Return the shift of a half-drop or brick in pixels. Raises ValueError for an odd side."""
    if side % 2:
        raise ValueError(f"a side of {side} pixels cannot be halved; see fit_size")
    return side // 2


def add_neighbours(
    tile: Array, high: int, wide: int, repeat: Repeat, *, axes: tuple[int, int] = (0, 1), arrays: Any = np
) -> Array:
    """Add `high` rows and `wide` columns of the neighbours to each side that has neighbours.

    `axes` are those of the rows and of the columns. `arrays` is the library of the tile: `np` or `torch`.
    """
    rows, columns = axes
    if repeat == "brick":  # a half-drop with the axes exchanged
        return add_neighbours(tile, wide, high, "half-drop", axes=(columns, rows), arrays=arrays)
    if repeat != "y" and wide:
        beside = arrays.roll(tile, halve(tile.shape[rows]), rows) if repeat == "half-drop" else tile
        tile = _surround(tile, beside, wide, columns, arrays)
    if repeat != "x" and high:
        tile = _surround(tile, tile, high, rows, arrays)
    return tile


def _surround(tile: Array, neighbour: Array, width: int, axis: int, arrays: Any) -> Array:
    """Add the neighbour's last `width` lines of an axis before the tile, and its first ones behind it."""
    before = (slice(None),) * axis
    edges = neighbour[(*before, slice(-width, None))], neighbour[(*before, slice(width))]
    surrounded: Array = arrays.concatenate([edges[0], tile, edges[1]], axis)
    return surrounded


def blend_neighbours(canvas: Tensor, high: int, wide: int, repeat: Repeat, *, axes: tuple[int, int]) -> Tensor:
    """Return the tile of a canvas that has the size which `add_neighbours` makes.

    The canvas shows the lines near an edge twice: on the tile, and beyond the opposite edge. The tile fades from one
    copy to the other over both margins, so that the two sides of an edge meet even if the copies differ. The outermost
    lines of the canvas count least. A margin is at most half a tile.
    """
    rows, columns = axes
    if repeat == "brick":
        return blend_neighbours(canvas, wide, high, "half-drop", axes=(columns, rows))
    if repeat != "x" and high:
        canvas = _fade(canvas, high, rows)
    if repeat != "y" and wide:
        shifted = (rows, -halve(canvas.shape[rows])) if repeat == "half-drop" else None
        canvas = _fade(canvas, wide, columns, shifted)
    return canvas


def _fade(canvas: Tensor, width: int, axis: int, shifted: tuple[int, int] | None = None) -> Tensor:
    """Return the canvas without `width` lines at both ends of an axis, which fade into the lines that they repeat.

    `shifted` is the axis along which the neighbours are shifted, with the way back.
    """
    before, tile, behind = torch.split(canvas, [width, canvas.shape[axis] - 2 * width, width], axis)
    if shifted:
        before, behind = (part.roll(shifted[1], shifted[0]) for part in (before, behind))
    shape = [-1 if each == axis else 1 for each in range(canvas.dim())]
    # The share of the tile's own lines, from the edge inwards: a little more than a half, up to almost one.
    own = (0.5 + (torch.arange(width, device=canvas.device) + 0.5) / (2 * width)).to(canvas.dtype).view(shape)
    first, middle, last = torch.split(tile, [width, tile.shape[axis] - 2 * width, width], axis)
    return torch.cat([torch.lerp(behind, first, own), middle, torch.lerp(before, last, own.flip(axis))], axis)
