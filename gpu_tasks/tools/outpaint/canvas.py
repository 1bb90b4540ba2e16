"""The canvas of an outpainted picture, which is drawn window by window."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from craftspark.tools.windows import Box
from gpu_tasks.images.pixels import Pixels

Weights: TypeAlias = NDArray[np.float32]

# The band's share of a window's shorter side. Within the band, known pixels are redrawn and blended with new ones.
BAND = 8


class Canvas:
    """A canvas of `size` (width, height) with the source (height, width, 3) at `place`.

    Pixels of the source outside the band never change.
    """

    def __init__(self, source: Pixels, place: Box, size: tuple[int, int], window: tuple[int, int]) -> None:
        self._size = size
        self._band = min(window) // BAND
        width, height = max(size[0], window[0]), max(size[1], window[1])
        beyond = ((place.top, height - place.bottom), (place.left, width - place.right), (0, 0))
        # Unknown pixels first repeat the source's edges, so that an encoder sees no step at the source's border.
        self._pixels = np.pad(source, beyond, mode="edge")
        self._known = np.zeros((height, width), bool)
        self._known[place.top : place.bottom, place.left : place.right] = True
        self._beyond = ~self._known[: size[1], : size[0]]
        self.initial = self.new
        self.invalid = False

    @property
    def pixels(self) -> Pixels:
        """The result (height, width, 3)."""
        return np.ascontiguousarray(self._pixels[: self._size[1], : self._size[0]])

    @property
    def new(self) -> Pixels:
        """The area outside the source (pixels, 1, 3). `initial` is its first content."""
        return self.pixels[self._beyond][:, None]

    def view(self, window: Box) -> Pixels:
        """Return the current content of a window."""
        return np.ascontiguousarray(self._pixels[_slice(window)])

    def weights(self, window: Box) -> Weights:
        """Return the weight of a drawing (height, width): 1 for unknown pixels, falling to 0 within the band."""
        unknown = ~self._known[_slice(window)]
        weights = unknown.astype(np.float32)
        reached = unknown
        for distance in range(1, self._band):
            reached = _grow(reached)
            weights = np.maximum(weights, reached * np.float32(1 - distance / self._band))
        return weights

    def add(self, window: Box, drawing: Pixels | None) -> None:
        """Blend in a drawing. None means invalid numbers and marks the canvas as invalid."""
        if drawing is None:
            self.invalid = True
            return
        weights = self.weights(window)[..., None]
        part = self._pixels[_slice(window)]
        blended = np.rint(part + weights * (drawing.astype(np.float32) - part)).astype(np.uint8)
        self._pixels[_slice(window)] = np.where(weights > 0, blended, part)
        self._known[_slice(window)] = True


def _slice(window: Box) -> tuple[slice, slice]:
    return slice(window.top, window.bottom), slice(window.left, window.right)


def _grow(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask grown by one pixel in all eight directions."""
    rows = mask.copy()
    rows[1:] |= mask[:-1]
    rows[:-1] |= mask[1:]
    both = rows.copy()
    both[:, 1:] |= rows[:, :-1]
    both[:, :-1] |= rows[:, 1:]
    return both
