"""Variations: image to image."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from math import log

import numpy as np
from PIL import Image

from craftspark.tools.request import sides
from craftspark.tools.windows import Box
from gpu_tasks.images.drawing import Drawing, OnStep, make_drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, finish_unchanged
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.sources import SourcePictures, flatten_on_white
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings
from gpu_tasks.inference.order_inputs import build_settings, build_sketch


class VariationsRenderer:
    """Renders waves of one size, strength, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion, sources: SourcePictures) -> None:
        self._diffusion = diffusion
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the settings of the order."""
        return self._settings(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return drawings (3 channels) in the source's aspect ratio. Raises ModelUnavailable or SourceMissing."""
        settings = self._settings(wave[0])
        fitted = [fit(self._sources.load(order), settings.size) for order in wave]
        sketches = [replace(build_sketch(order), start=start) for order, (start, _) in zip(wave, fitted, strict=True)]
        pictures = self._diffusion.draw(sketches, settings, on_step)
        return [
            make_drawing(None if pixels is None else crop(pixels, content), order.seed, crop(start, content))
            for pixels, order, (start, content) in zip(pictures, wave, fitted, strict=True)
        ]

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the drawing unchanged."""
        return finish_unchanged(drawing)

    def _settings(self, order: ImageOrder) -> DrawingSettings:
        model, source = self._diffusion.model, self._sources.describe(order)
        settings = build_settings(order, model, strength=order.request["strength"])
        return replace(settings, size=choose_size(source.width / source.height, model.sizes))


def choose_size(aspect: float, sizes: Sequence[str]) -> tuple[int, int]:
    """Return the size, (width, height), with the aspect ratio that is nearest to a picture's."""
    return min(map(sides, sizes), key=lambda size: abs(log(size[0] / size[1] / aspect)))


def fit(picture: Pixels, size: tuple[int, int]) -> tuple[Pixels, Box]:
    """Place the picture on white, as large as `size` allows. Returns the canvas and the picture's box in it."""
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas = np.full((size[1], size[0], 3), 255, np.uint8)
    resized = Image.fromarray(flatten_on_white(picture)).resize(inner, Image.Resampling.LANCZOS)
    canvas[top : top + inner[1], left : left + inner[0]] = np.asarray(resized)
    return canvas, Box(left, top, left + inner[0], top + inner[1])


def crop(pixels: Pixels, content: Box) -> Pixels:
    """Return the part of the pixels where the source is."""
    return np.ascontiguousarray(pixels[content.top : content.bottom, content.left : content.right])
