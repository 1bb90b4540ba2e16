"""Pictures enlarged to an exact size by an upscaler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from craftspark.errors import InvalidInput
from craftspark.models.enlarging import MAX_ENLARGED_PIXELS, plan_passes
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.inference.upscaler_bands import BandResampler


def enlarge_to(
    pixels: Pixels, size: tuple[int, int], upscaler: Upscaler, on_tile: Callable[[float], None] = lambda _: None
) -> Pixels:
    """Return a picture (height, width, 3 or 4) in exactly `size` (width, height). Alpha is straight.

    The upscaler enlarges it in as many passes as `plan_passes` has, and resampling does the rest. A picture that is
    already about as large is only resampled. Calls `on_tile` with the completed share, 0 to 1. Raises InvalidInput for
    another shape, or for a result of more than MAX_ENLARGED_PIXELS pixels.
    """
    if size[0] * size[1] > MAX_ENLARGED_PIXELS:
        raise InvalidInput(
            f"{size[0]} x {size[1]} pixels exceed the maximum of {MAX_ENLARGED_PIXELS} pixels", field="image"
        )
    result = np.empty((size[1], size[0], pixels.shape[2]), np.uint8)
    enlarge_into(result, pixels, upscaler, on_tile)
    return result


def enlarge_into(
    result: Pixels, pixels: Pixels, upscaler: Upscaler, on_tile: Callable[[float], None] = lambda _: None
) -> list[int]:
    """Write a picture into `result`, in its size, as `enlarge_to` does, and return the factors of the passes.

    Both have the same number of channels. The result of the last pass is resampled in bands, so that it is never in
    memory as a whole.
    """
    factors = plan_passes((pixels.shape[1], pixels.shape[0]), (result.shape[1], result.shape[0]))
    # A pass works on all the pixels of the pass before it.
    works = np.cumprod([1, *(factor**2 for factor in factors)])[:-1]
    done = 0.0
    bands = iter([pixels])
    for number, (factor, work) in enumerate(zip(factors, works / works.sum(), strict=True), 1):

        def tell(share: float, done: float = done, work: float = work) -> None:
            on_tile(done + share * work)

        if number == len(factors):
            bands = upscaler.enlarge_in_bands(pixels, factor, tell)
        else:
            pixels = upscaler.upscale(pixels, factor, tell)
        done += work
    resampler = BandResampler(pixels.shape[0] * (factors[-1] if factors else 1), result)
    for band in bands:
        resampler.put(band)
    return factors


def enlarge_drawing(drawing: Drawing, size: tuple[int, int], upscaler: Upscaler, on_step: OnStep) -> Drawing:
    """Return a drawing in exactly `size` (width, height), with the upscaler among its networks if it worked on it.

    A drawing that is never delivered stays as it is. The progress stays at 100 %, but an interruption ends the work.
    """
    height, width = drawing.pixels.shape[:2]
    if drawing.undeliverable or (width, height) == size:
        return drawing
    pixels = enlarge_to(drawing.pixels, size, upscaler, lambda _: on_step(1.0))
    networks = upscaler.identity if plan_passes((width, height), size) else {}
    return replace(drawing, pixels=pixels, networks={**drawing.networks, **networks})
