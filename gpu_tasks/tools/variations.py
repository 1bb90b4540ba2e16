"""Variations: image to image."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from math import log

import numpy as np
from PIL import Image

from craftspark.tools.windows import Box
from gpu_tasks.images.drawn import Drawn, OnStep, drawing
from gpu_tasks.images.finishing import Finished, finished
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.sources import SourcePictures, on_white
from gpu_tasks.inference.diffusion import Diffusion, Settings
from gpu_tasks.inference.order_inputs import settings_of, size_of, sketch_of


class VariationsRenderer:
    """Renders waves of one size, strength, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion, sources: SourcePictures) -> None:
        self._diffusion = diffusion
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        return self._settings(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        """Drawings of three channels, in the source's aspect; raises ModelUnavailable or SourceMissing."""
        settings = self._settings(wave[0])
        fitted = [fit(self._sources.of(order), settings.size) for order in wave]
        sketches = [replace(sketch_of(order), start=start) for order, (start, _) in zip(wave, fitted, strict=True)]
        drawn = self._diffusion.draw(sketches, settings, on_step)
        return [
            drawing(None if pixels is None else part(pixels, content), order.seed, part(start, content))
            for pixels, order, (start, content) in zip(drawn, wave, fitted, strict=True)
        ]

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        return finished(drawn)

    def _settings(self, order: ImageOrder) -> Settings:
        model, source = self._diffusion.model, self._sources.facts(order)
        settings = settings_of(order, model, strength=order.request["strength"])
        return replace(settings, size=nearest(source.width / source.height, model.sizes))


def nearest(aspect: float, sizes: Sequence[str]) -> tuple[int, int]:
    """The size, (width, height), whose aspect is nearest to a picture's."""
    return min(map(size_of, sizes), key=lambda size: abs(log(size[0] / size[1] / aspect)))


def fit(picture: Pixels, size: tuple[int, int]) -> tuple[Pixels, Box]:
    """The picture on white, as large as fits into `size`, and where in it the picture lies."""
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas = np.full((size[1], size[0], 3), 255, np.uint8)
    resized = Image.fromarray(on_white(picture)).resize(inner, Image.Resampling.LANCZOS)
    canvas[top : top + inner[1], left : left + inner[0]] = np.asarray(resized)
    return canvas, Box(left, top, left + inner[0], top + inner[1])


def part(pixels: Pixels, content: Box) -> Pixels:
    """What lies where the source lay."""
    return np.ascontiguousarray(pixels[content.top : content.bottom, content.left : content.right])
