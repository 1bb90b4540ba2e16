"""Outpaint: inpainting in windows, each of which continues the windows before it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from craftspark.tools.outpaint import OutpaintRequest
from craftspark.tools.windows import Box
from gpu_tasks.images.drawing import Drawing, OnStep, derive_seed, find_blank_margin, make_drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, finish_unchanged
from gpu_tasks.images.sources import SourcePictures, flatten_on_white
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.order_inputs import build_settings, build_sketch
from gpu_tasks.tools.outpaint.canvas import Canvas


class Painting(NamedTuple):
    """An order in progress."""

    order: ImageOrder
    canvas: Canvas
    rounds: list[list[Box]]


class OutpaintRenderer:
    """Renders waves of one number of steps, guidance and style. Sizes can differ, because every window has the model's
    size.
    """

    def __init__(self, diffusion: Diffusion, sources: SourcePictures) -> None:
        self._diffusion = diffusion
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the settings of the order."""
        return self._settings(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return the sources on white with their new areas. Raises ModelUnavailable or SourceMissing."""
        settings = self._settings(wave[0])
        paintings = [self._start(order, settings) for order in wave]
        total = sum(len(windows) for painting in paintings for windows in painting.rounds)
        done = 0
        for together in zip_longest(*(painting.rounds for painting in paintings), fillvalue=[]):
            windows = [(painting, window) for painting, its in zip(paintings, together, strict=True) for window in its]
            share = len(windows) / total
            before = done / total
            pictures = self._diffusion.draw(
                [build_window_sketch(painting, window) for painting, window in windows],
                settings,
                lambda part, before=before, share=share: on_step(before + part * share),  # type: ignore[misc]
            )
            for (painting, window), pixels in zip(windows, pictures, strict=True):
                painting.canvas.add(window, pixels)
            done += len(windows)
        return [finish_painting(painting) for painting in paintings]

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the drawing unchanged."""
        return finish_unchanged(drawing)

    def _settings(self, order: ImageOrder) -> DrawingSettings:
        # New areas start as pure noise.
        return build_settings(order, self._diffusion.model, strength=1.0)

    def _start(self, order: ImageOrder, settings: DrawingSettings) -> Painting:
        request = OutpaintRequest.model_validate(order.request, strict=False)
        source = flatten_on_white(self._sources.load(order))
        height, width = source.shape[:2]
        size = (request.width or width, request.height or height)
        canvas = Canvas(source, request.place_of(width, height), size, settings.size)
        return Painting(order, canvas, request.rounds((width, height), settings.size))


def finish_painting(painting: Painting) -> Drawing:
    """Return the drawing of a painting, with its flaw if the new area is blank."""
    order, canvas, _ = painting
    if canvas.invalid:
        return make_drawing(None, order.seed)
    return Drawing(pixels=canvas.pixels, seed=order.seed, flaw=find_blank_margin(canvas.new, canvas.initial))


def build_window_sketch(painting: Painting, window: Box) -> Sketch:
    """Return the sketch of a window: new pixels and the band are drawn. Each window has its own noise."""
    order, canvas, rounds = painting
    number = [box for boxes in rounds for box in boxes].index(window)
    return replace(
        build_sketch(order),
        seed=derive_seed(order.seed, number),
        start=canvas.view(window),
        unknown=(canvas.weights(window) > 0).astype(np.uint8),
    )
