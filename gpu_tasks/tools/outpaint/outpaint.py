"""Outpaint: inpainting in windows that hold something new, each going on from what the ones before it drew."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from craftspark.tools.outpaint import OutpaintRequest
from craftspark.tools.windows import Box
from gpu_tasks.images.drawn import Drawn, OnStep, blank_beyond, drawing, nth_seed
from gpu_tasks.images.finishing import Finished, finished
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.sources import SourcePictures, on_white
from gpu_tasks.inference.diffusion import Diffusion, Settings, Sketch
from gpu_tasks.inference.order_inputs import settings_of, sketch_of
from gpu_tasks.tools.outpaint.canvas import Canvas


class Painting(NamedTuple):
    """An order under way."""

    order: ImageOrder
    canvas: Canvas
    rounds: list[list[Box]]


class OutpaintRenderer:
    """Renders waves of one number of steps, guidance and style, whatever the sizes: every window has the model's."""

    def __init__(self, diffusion: Diffusion, sources: SourcePictures) -> None:
        self._diffusion = diffusion
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        return self._settings(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        """The sources, on white, with what lies beyond them; raises ModelUnavailable or SourceMissing."""
        settings = self._settings(wave[0])
        paintings = [self._begun(order, settings) for order in wave]
        total = sum(len(windows) for painting in paintings for windows in painting.rounds)
        done = 0
        for together in zip_longest(*(painting.rounds for painting in paintings), fillvalue=[]):
            windows = [(painting, window) for painting, its in zip(paintings, together, strict=True) for window in its]
            share = len(windows) / total
            before = done / total
            drawn = self._diffusion.draw(
                [sketch(painting, window) for painting, window in windows],
                settings,
                lambda part, before=before, share=share: on_step(before + part * share),  # type: ignore[misc]
            )
            for (painting, window), pixels in zip(windows, drawn, strict=True):
                painting.canvas.add(window, pixels)
            done += len(windows)
        return [drawing_of(painting) for painting in paintings]

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        return finished(drawn)

    def _settings(self, order: ImageOrder) -> Settings:
        # What is new begins as noise alone.
        return settings_of(order, self._diffusion.model, strength=1.0)

    def _begun(self, order: ImageOrder, settings: Settings) -> Painting:
        request = OutpaintRequest.model_validate(order.request, strict=False)
        source = on_white(self._sources.of(order))
        height, width = source.shape[:2]
        size = (request.width or width, request.height or height)
        canvas = Canvas(source, request.place_of(width, height), size, settings.size)
        return Painting(order, canvas, request.rounds((width, height), settings.size))


def drawing_of(painting: Painting) -> Drawn:
    """What came of a painting, with its flaw where what is new of it is blank."""
    order, canvas, _ = painting
    if canvas.spoiled:
        return drawing(None, order.seed)
    return Drawn(pixels=canvas.pixels, seed=order.seed, flaw=blank_beyond(canvas.new, canvas.begun))


def sketch(painting: Painting, window: Box) -> Sketch:
    """What to draw in a window: anew where nothing is known and a little beyond, each window with noise of its own."""
    order, canvas, rounds = painting
    number = [box for boxes in rounds for box in boxes].index(window)
    return replace(
        sketch_of(order),
        seed=nth_seed(order.seed, number),
        start=canvas.view(window),
        unknown=(canvas.weights(window) > 0).astype(np.uint8),
    )
