"""A canvas that is partly known, and is drawn on window by window."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from craftspark.tools.windows import Box
from gpu_tasks.images.pixels import Pixels

Weights: TypeAlias = NDArray[np.float32]

# Of a window's shorter side, one part in so many: that far what is known is drawn anew beside what is not, and blended.
BAND = 8


class Canvas:
    """`size` is (width, height) of the result, `place` where the source (height, width, 3) lies in it.

    A pixel of the source that is further than the band from what is new is never changed.
    """

    def __init__(self, source: Pixels, place: Box, size: tuple[int, int], window: tuple[int, int]) -> None:
        self._size = size
        self._band = min(window) // BAND
        width, height = max(size[0], window[0]), max(size[1], window[1])
        beyond = ((place.top, height - place.bottom), (place.left, width - place.right), (0, 0))
        # What is unknown begins as the source's edges going on: an encoder sees no step where the source ends.
        self._pixels = np.pad(source, beyond, mode="edge")
        self._known = np.zeros((height, width), bool)
        self._known[place.top : place.bottom, place.left : place.right] = True
        self._beyond = ~self._known[: size[1], : size[0]]
        self.begun = self.new
        self.spoiled = False

    @property
    def pixels(self) -> Pixels:
        """The result (height, width, 3)."""
        return np.ascontiguousarray(self._pixels[: self._size[1], : self._size[0]])

    @property
    def new(self) -> Pixels:
        """What lies beyond the source (pixels, 1, 3); `begun` is what lay there at first."""
        return self.pixels[self._beyond][:, None]

    def view(self, window: Box) -> Pixels:
        """What the window holds so far."""
        return np.ascontiguousarray(self._pixels[_part(window)])

    def weights(self, window: Box) -> Weights:
        """How much of a drawing counts (height, width): 1 where nothing is known, falling to 0 within the band."""
        unknown = ~self._known[_part(window)]
        weights = unknown.astype(np.float32)
        reached = unknown
        for distance in range(1, self._band):
            reached = _grown(reached)
            weights = np.maximum(weights, reached * np.float32(1 - distance / self._band))
        return weights

    def add(self, window: Box, drawing: Pixels | None) -> None:
        """Blend a drawing in; None for one whose numbers left their range, which spoils the canvas."""
        if drawing is None:
            self.spoiled = True
            return
        weights = self.weights(window)[..., None]
        part = self._pixels[_part(window)]
        blended = np.rint(part + weights * (drawing.astype(np.float32) - part)).astype(np.uint8)
        self._pixels[_part(window)] = np.where(weights > 0, blended, part)
        self._known[_part(window)] = True


def _part(window: Box) -> tuple[slice, slice]:
    return slice(window.top, window.bottom), slice(window.left, window.right)


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask and its neighbours on all eight sides."""
    rows = mask.copy()
    rows[1:] |= mask[:-1]
    rows[:-1] |= mask[1:]
    both = rows.copy()
    both[:, 1:] |= rows[:, :-1]
    both[:, :-1] |= rows[:, 1:]
    return both
