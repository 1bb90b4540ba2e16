"""The canvas of an outpainted picture, which is drawn in the size of the model and delivered in its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from craftspark.tools.windows import Box, fit_into
from gpu_tasks.images.drawing import Flaw, find_blank_margin
from gpu_tasks.images.pixels import Pixels, flatten_on_white, resample
from gpu_tasks.inference.enlarging import enlarge_to
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.outpaint.border import match_border
from gpu_tasks.tools.outpaint.extension import Extension


@dataclass(frozen=True, kw_only=True)
class Window:
    """A part of a canvas in the size of a model: `start` (height, width, 3), `unknown` (height, width), which is 1
    where pixels are drawn, and the place of the part in it.
    """

    start: Pixels
    unknown: NDArray[np.uint8]
    content: Box


class Canvas:
    """A canvas whose unknown pixels are drawn. Known pixels never change."""

    def __init__(self, extension: Extension) -> None:
        self._extension = extension
        self._pixels = flatten_on_white(extension.pixels).copy()
        self._waiting = np.ones(self._pixels.shape[:2], bool)
        self._waiting[_slices(extension.known)] = False
        self._drawn = self._waiting.copy()
        self._compared: list[tuple[Pixels, Pixels]] = []
        self.invalid = False

    @property
    def flaw(self) -> Flaw | None:
        """The flaw of drawings that left the unknown area blank. They are judged as the model drew them."""
        if not self._compared:
            return None
        new, initial = (np.concatenate(pixels) for pixels in zip(*self._compared, strict=True))
        return find_blank_margin(new, initial)

    @property
    def result(self) -> Pixels:
        """The result (height, width, 3 or 4)."""
        pixels = self._extension.pixels
        if not self._drawn.any():
            return pixels
        colours = self._pixels
        if pixels.shape[2] == 4:
            drawn = remove_white(colours) if is_clear(pixels, self._extension.known) else add_alpha(colours)
            return np.where(self._drawn[..., None], drawn, pixels)
        return colours

    def view(self, part: Box, size: tuple[int, int]) -> Window:
        """Return a part of the canvas in the size (width, height) of a model."""
        inner = fit_into(part.size, size)
        left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
        around = ((top, size[1] - top - inner[1]), (left, size[0] - left - inner[0]))
        start = resample(np.ascontiguousarray(self._pixels[_slices(part)]), inner)
        mask = Image.fromarray(self._waiting[_slices(part)].astype(np.float32)).resize(inner, Image.Resampling.BOX)
        unknown = np.pad(np.asarray(mask) >= 0.5, around, constant_values=True)
        return Window(
            # A hard end would be drawn as a frame.
            start=np.pad(start, (*around, (0, 0)), mode="edge"),
            unknown=unknown.astype(np.uint8),
            content=Box(left, top, left + inner[0], top + inner[1]),
        )

    def add(self, part: Box, window: Window, drawing: Pixels | None, upscaler: Upscaler) -> None:
        """Fill a part with the drawing of its window. None means invalid numbers."""
        if drawing is None:
            self.invalid = True
            return
        content = window.content
        drawn_there = window.unknown[_slices(content)] > 0
        self._compared.append(
            (drawing[_slices(content)][drawn_there][:, None], window.start[_slices(content)][drawn_there][:, None])
        )
        large = enlarge_to(np.ascontiguousarray(drawing[_slices(content)]), part.size, upscaler)
        at = _slices(part)
        if known := self._extension.known.within(part):
            large = match_border(self._pixels[at], known, large, part.size[0] / content.size[0], self._extension.fringe)
        waiting, drawn = self._waiting[at], self._drawn[at]
        weights = waiting.astype(np.float32)
        if (drawn & ~waiting).any():
            # What an earlier part has drawn leads over to this one.
            away = ndimage.distance_transform_edt(~waiting)
            weights = np.where(drawn, 1 - away / max(1.0, away[drawn].max()), 0).astype(np.float32)
        blended = self._pixels[at] + weights[..., None] * (large.astype(np.float32) - self._pixels[at])
        self._pixels[at] = blended.round().astype(np.uint8)
        self._waiting[at] = False


def is_clear(picture: Pixels, known: Box) -> bool:
    """Return whether most of the edge of the known part of a picture (height, width, 4) is clear."""
    alpha = picture[_slices(known)][..., 3]
    edge = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    return bool((edge < 128).mean() > 0.5)


def add_alpha(colours: Pixels) -> Pixels:
    return np.dstack([colours, np.full(colours.shape[:2], 255, np.uint8)])


def remove_white(colours: Pixels) -> Pixels:
    """Return the most transparent picture (height, width, 4) that has these colours on white."""
    values = colours.astype(np.float32)
    alpha = 255 - values.min(2, keepdims=True)
    own = 255 - (255 - values) * 255 / np.maximum(alpha, 1)
    return np.concatenate([own, alpha], 2).round().clip(0, 255).astype(np.uint8)


def _slices(box: Box) -> tuple[slice, slice]:
    return slice(box.top, box.bottom), slice(box.left, box.right)
