"""Pictures enlarged to an exact size by an upscaler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from craftspark.models.enlarging import plan_passes
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.pixels import Pixels, resample
from gpu_tasks.inference.upscaler import Upscaler


def enlarge_to(
    pixels: Pixels, size: tuple[int, int], upscaler: Upscaler, on_tile: Callable[[float], None] = lambda _: None
) -> Pixels:
    """Return a picture (height, width, 3 or 4) in exactly `size` (width, height). Alpha is straight.

    The upscaler enlarges it in as many passes as `plan_passes` has, and resampling does the rest. A picture that is
    already about as large is only resampled. Calls `on_tile` with the completed share, 0 to 1. Raises InvalidInput for
    another shape.
    """
    factors = plan_passes((pixels.shape[1], pixels.shape[0]), size)
    # A pass works on all the pixels of the pass before it.
    works = np.cumprod([1, *(factor**2 for factor in factors)])[:-1]
    done = 0.0
    for factor, work in zip(factors, works / works.sum(), strict=True):
        pixels = upscaler.upscale(pixels, factor, lambda share, done=done, work=work: on_tile(done + share * work))  # type: ignore[misc]
        done += work
    return resample(pixels, size)


def enlarge_drawing(drawing: Drawing, size: tuple[int, int], upscaler: Upscaler, on_step: OnStep) -> Drawing:
    """Return a drawing in exactly `size` (width, height), with the upscaler among its networks if it worked on it.

    A drawing that is never delivered stays as it is. The progress stays at 100 %, but an interruption ends the work.
    """
    height, width = drawing.pixels.shape[:2]
    if (drawing.flaw and drawing.flaw.fatal) or (width, height) == size:
        return drawing
    pixels = enlarge_to(drawing.pixels, size, upscaler, lambda _: on_step(1.0))
    networks = upscaler.identity if plan_passes((width, height), size) else {}
    return replace(drawing, pixels=pixels, networks={**drawing.networks, **networks})
