"""Bands of whole rows, in which a picture is enlarged and resampled from top to bottom.

Only a band is in floats at a time, so that the memory of an enlargement is that of its bytes.
"""

from __future__ import annotations

from math import floor
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from gpu_tasks.images.pixels import Pixels, resample, to_bytes

TRUSTED = 8.0  # a pixel with an alpha of at least 1/8 keeps its own colour
HALVED_ROWS = 512  # rows of a part that is halved; an even number
LANCZOS_REACH = 3.0  # pixels of the coarser picture


class PaddedPicture:
    """A picture (height, width, 3 or 4) in bytes, as bands in floats with the pixels around them.

    Edges are repeated beyond the border, so that the network never sees the zeros of its padding. Transparent pixels
    can have any colour, so visible colours spread over them and none bleeds into the edges.
    """

    def __init__(self, pixels: Pixels, reach: int) -> None:
        self._pixels = pixels
        self._reach = reach
        self._half = _spread_half(pixels) if pixels.shape[2] == 4 and min(pixels.shape[:2]) > 1 else None

    def band(self, top: int, bottom: int) -> Tensor:
        """Return the rows from `top` to `bottom` as (1, channels, rows, width), 0 to 1, with `reach` pixels around."""
        height, width = self._pixels.shape[:2]
        rows = np.clip(np.arange(top - self._reach, bottom + self._reach), 0, height - 1)
        picture = _to_floats(self._pixels[rows])
        if picture.shape[1] == 4:
            colours, alpha = picture[:, :3], picture[:, 3:]
            half = self._half
            beyond = _mean(*_split(_to_floats(self._pixels))) if half is None else self._enlarge(half, rows)
            picture = torch.cat([beyond.lerp(colours, (alpha * TRUSTED).clamp(max=1)), alpha], 1)
        columns = np.clip(np.arange(-self._reach, width + self._reach), 0, width - 1)
        return picture[..., torch.from_numpy(columns)]

    def _enlarge(self, half: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Return rows (1, 3, rows, width) of a picture of half the size, by bilinear interpolation."""
        height, width = self._pixels.shape[:2]
        known = half.shape[2]
        at = np.clip((rows + 0.5) * (known / height) - 0.5, 0, None)
        first = np.minimum(at.astype(int), known - 1)
        second = np.minimum(first + 1, known - 1)
        share = torch.from_numpy((at - first).astype(np.float32))[:, None]
        mixed = half[:, :, first].lerp(half[:, :, second], share)
        return interpolate(mixed, (len(rows), width), mode="bilinear")


def _to_floats(pixels: Pixels) -> Tensor:
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255


def _split(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture[:, :3], picture[:, 3:]


def _spread_half(pixels: Pixels) -> Tensor:
    """Return the colours (1, 3, height, width) of a picture (height, width, 4) at half its size, spread."""
    halves = [
        _halve(*_split(_to_floats(pixels[top : top + HALVED_ROWS]))) for top in range(0, len(pixels), HALVED_ROWS)
    ]
    colours, cover = (torch.cat(parts, 2) for parts in zip(*halves, strict=True))
    return spread(colours, cover.gt(0).float())


def _halve(colours: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean visible colours and the mean alpha at half the size."""
    cover = avg_pool2d(alpha, 2, ceil_mode=True)
    mean = avg_pool2d(colours * alpha, 2, ceil_mode=True) / cover.clamp(min=1e-6)
    return mean.clamp(0, 1), cover


def _mean(colours: Tensor, alpha: Tensor) -> Tensor:
    """Return the mean visible colour (N, 3, 1, 1)."""
    total = alpha.sum((2, 3), keepdim=True)
    return ((colours * alpha).sum((2, 3), keepdim=True) / total.clamp(min=1e-6)).clamp(0, 1)


def spread(colours: Tensor, alpha: Tensor) -> Tensor:
    """Replace the colours (N, 3, height, width) of clear pixels by visible colours nearby.

    Each halving of the picture averages the visible colours, and clear pixels at one scale are filled from the next.
    The own colour of an almost clear pixel is not reliable either, because straight alpha rounds most of it away.
    """
    if min(colours.shape[-2:]) > 1:
        half, cover = _halve(colours, alpha)
        beyond = interpolate(spread(half, cover.gt(0).float()), colours.shape[-2:], mode="bilinear")
    else:
        beyond = _mean(colours, alpha).expand_as(colours)
    return beyond.lerp(colours, (alpha * TRUSTED).clamp(max=1))


class TileRows(Protocol):
    """Joins the tiles of an enlarged picture (height, width, channels), row by row of tiles."""

    def put(self, tile: Tensor, top: int, left: int) -> None:
        """Put a tile (channels, height, width), 0 to 1. `top` and `left` are the place of its part inside the edges."""

    def take(self, bottom: int) -> Pixels:
        """Return the rows that are complete when all tiles above `bottom` were put, after those returned before."""


class ExactTiles:
    """Tiles that do not overlap, at most `rows` high."""

    def __init__(self, shape: tuple[int, int, int], rows: int) -> None:
        self._shape = shape
        self._rows = rows
        self._first = 0
        self._band = np.empty((0, 0, 0), np.uint8)

    def put(self, tile: Tensor, top: int, left: int) -> None:
        """See TileRows."""
        if not self._band.size:
            height, width, channels = self._shape
            self._band = np.empty((min(self._rows, height - top), width, channels), np.uint8)
        self._band[top - self._first :, left : left + tile.shape[2]] = to_bytes(tile)

    def take(self, bottom: int) -> Pixels:
        """See TileRows."""
        band, self._band, self._first = self._band, np.empty((0, 0, 0), np.uint8), bottom
        return band


class BlendedTiles:
    """Tiles that each extend by `overlap` pixels over all edges, at most `rows` high without that.

    Across a common edge, one tile fades into the other.
    """

    def __init__(self, shape: tuple[int, int, int], rows: int, overlap: int) -> None:
        self._height, self._width, channels = shape
        self._overlap = overlap
        self._first = 0
        self._sum = torch.zeros((channels, min(self._height, rows + 2 * overlap), self._width))

    def put(self, tile: Tensor, top: int, left: int) -> None:
        """See TileRows."""
        rows, seen_rows, rise = self._place(top, tile.shape[1], self._height)
        columns, seen_columns, across = self._place(left, tile.shape[2], self._width)
        seen = tile[:, seen_rows, seen_columns]
        here = slice(rows.start - self._first, rows.stop - self._first)
        self._sum[:, here, columns] += seen * rise[:, None] * across

    def _place(self, start: int, length: int, whole: int) -> tuple[slice, slice, Tensor]:
        """Return where a tile is in the picture on one axis, that part of the tile, and its weights."""
        overlap = self._overlap
        first, last = start - overlap, start - overlap + length
        inside = slice(max(first, 0), min(last, whole))
        at = torch.arange(inside.start, inside.stop) + 0.5
        ones = torch.ones_like(at)
        rise = ((at - first) / (2 * overlap)).clamp(max=1) if start else ones
        fall = ((last - at) / (2 * overlap)).clamp(max=1) if last - overlap < whole else ones
        return inside, slice(inside.start - first, inside.stop - first), rise * fall

    def take(self, bottom: int) -> Pixels:
        """See TileRows. The rows that the next tiles blend into stay."""
        until = bottom - self._overlap if bottom < self._height else bottom
        complete = until - self._first
        band = to_bytes(self._sum[:, :complete])
        kept = self._sum[:, complete:].clone()
        self._sum.zero_()
        self._sum[:, : kept.shape[1]] = kept
        self._first = until
        return band


class BandResampler:
    """Resamples a picture, which arrives in bands of `height` rows together, to the size of `result`.

    The rows of `result` (height, width, 3 or 4) are written as soon as all rows are there that the filter reads.
    """

    def __init__(self, height: int, result: Pixels) -> None:
        self._height = height
        self._result = result
        self._scale = height / result.shape[0]
        self._reach = LANCZOS_REACH * max(1.0, self._scale) + 1
        self._rows: Pixels | None = None
        self._first = self._done = 0

    def put(self, band: Pixels) -> None:
        """Add the next rows (rows, width, channels)."""
        self._rows = band if self._rows is None else np.concatenate([self._rows, band])
        end = self._first + len(self._rows)
        high, wide = self._result.shape[:2]
        ready = high if end == self._height else floor((end - self._reach) / self._scale)
        if ready <= self._done:
            return
        top, bottom = (row * self._scale - self._first for row in (self._done, ready))
        box = (0.0, top, float(self._rows.shape[1]), min(bottom, float(len(self._rows))))
        self._result[self._done : ready] = resample(self._rows, (wide, ready - self._done), box)
        self._done = ready
        spare = max(0, floor(ready * self._scale - self._reach) - self._first)
        self._rows = self._rows[spare:]
        self._first += spare
