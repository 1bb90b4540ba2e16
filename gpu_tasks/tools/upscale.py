"""Upscale: a super-resolution network over tiles of the source, by a factor or onto a canvas."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from craftspark.tools.canvases import CANVASES, Canvas
from craftspark.tools.upscale import FACTOR, UpscaleRequest
from craftspark.tools.windows import fit_into
from gpu_tasks.images.drawing import BACKGROUND_TOLERANCE, Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, Png
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.enlarging import enlarge_into
from gpu_tasks.tools.one_by_one import OneByOneRenderer

WHITE = 255
PLAIN = 0.95  # share of the pixels along the edges; the others can be what the picture cuts off


class UpscaleRenderer(OneByOneRenderer):
    """Renders one order after the other, because one picture can be as large as a wave of drawings."""

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the factor and the canvas of the order."""
        request = read_request(order)
        return request.factor, request.canvas

    def _draw(self, order: ImageOrder, on_step: OnStep) -> Drawing:
        """Return the enlarged source, with the same number of channels."""
        picture, request = self._sources.load(order), read_request(order)
        if not request.canvas:
            large = self._upscaler.upscale(picture, request.factor or FACTOR, on_step)
            return Drawing(pixels=large, seed=order.seed, networks=self._upscaler.identity)
        page, place = make_page(picture, CANVASES[request.canvas])
        factors = enlarge_into(place, picture, self._upscaler, on_step)
        return Drawing(pixels=page, seed=order.seed, networks=self._upscaler.identity if factors else {})

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the enlarged source unchanged, with the resolution of its canvas if it has one."""
        name = read_request(order).canvas
        return FinishedImage(
            picture=Png(pixels=drawing.pixels, dpi=CANVASES[name].dpi if name else None), scores=drawing.scores
        )


def read_request(order: ImageOrder) -> UpscaleRequest:
    """Return the order's request as its model."""
    return UpscaleRequest.model_validate(order.request, strict=False)


def make_page(picture: Pixels, canvas: Canvas) -> tuple[Pixels, Pixels]:
    """Return a canvas (height, width, channels) without the picture, and the part of it that the picture fills."""
    height, width, channels = picture.shape
    fitted = fit_into((width, height), canvas.size)
    left, top = (canvas.width - fitted[0]) // 2, (canvas.height - fitted[1]) // 2
    page = np.empty((canvas.height, canvas.width, channels), np.uint8)
    page[:] = 0 if channels == 4 else find_margin_colour(picture, beside=left > 0)
    return page, page[top : top + fitted[1], left : left + fitted[0]]


def find_margin_colour(picture: Pixels, *, beside: bool) -> NDArray[np.uint8]:
    """Return the colour (3) that continues a picture (height, width, 3) left and right of it, or else above and below.

    It is the colour of the picture's edges there if they are plain, or else white.
    """
    edges = picture[:, [0, -1]] if beside else picture[[0, -1]]
    colours = edges.reshape(-1, 3).astype(np.int16)
    colour = np.median(colours, axis=0)
    plain = (np.abs(colours - colour).max(1) <= BACKGROUND_TOLERANCE).mean() >= PLAIN
    return colour.round().astype(np.uint8) if plain else np.full(3, WHITE, np.uint8)
