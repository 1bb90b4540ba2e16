"""What a tool renders of one order, and what makes it worth a second try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from craftspark.tools.request import MAX_SEED
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.pixels import Pixels

OnStep: TypeAlias = Callable[[float], None]  # hears the share done, 0 to 1

# The golden ratio of the range of seeds. The seeds right behind an image's own are those of its siblings.
STRIDE = 0x9E3779B9
LEAP = 0x85EBCA6B  # another odd number far from it, so that no drawing of an image is another's second try
FLATTEST = 2.0  # a standard deviation of the pixels' values, of 255, that no drawing stays below
GROUND = 8  # of 255, in the worst channel: how far a ground's colour wanders
SAME_GROUND = 32  # of 255, in the worst channel: how far a plain ground may drift where a drawing goes on with it
INK_LEAST = 0.005  # of a picture's area: less beside its ground, and it is almost blank


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """What is wrong with a picture, in a maker's words. Of two flawed ones the less `bad` is kept.

    A `fatal` one is not delivered.
    """

    reason: str
    bad: float
    fatal: bool = False


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """`pixels` has three channels, or four. `scores` are measured on the picture.

    `seed` drew it: the order's own, or the next after a flaw. `parts` is what the tool's own `finish` needs beside it.
    """

    pixels: Pixels
    seed: int
    scores: Mapping[str, float] = field(default_factory=dict)
    flaw: Flaw | None = None
    parts: Any = None


def drawing(pixels: Pixels | None, seed: int, start: Pixels | None = None) -> Drawn:
    """What came of drawing; where there are no pixels, one black one stands for them, never delivered.

    `start` is the picture that it began from, if it did: one that is almost blank may stay so.
    """
    if pixels is None:
        return Drawn(pixels=np.zeros((1, 1, 3), np.uint8), seed=seed, flaw=blank(pixels))
    flaw = blank(pixels)
    if flaw and start is not None and not is_flat(pixels) and ink(start) < INK_LEAST:
        flaw = None
    return Drawn(pixels=pixels, seed=seed, flaw=flaw)


def second_try(order: ImageOrder) -> ImageOrder:
    """The same order with the next seed, which depends on the first one alone."""
    return replace(order, seed=(order.seed + STRIDE) % (MAX_SEED + 1))


def nth_seed(seed: int, number: int) -> int:
    """The seed of one of several drawings of one image; the first one's is the image's own."""
    return (seed + number * LEAP) % (MAX_SEED + 1)


def better(first: Drawn, second: Drawn) -> Drawn:
    """The one with the lesser flaw; the second, where there is nothing between them but having been asked for."""
    if second.flaw is None or (first.flaw is not None and second.flaw.bad < first.flaw.bad):
        return second
    return first


def blank(pixels: Pixels | None) -> Flaw | None:
    """The flaw of a picture that is no picture: None for numbers that are none, one flat colour, or almost that."""
    if pixels is None:
        return Flaw(reason="the model produced invalid numbers", bad=np.inf, fatal=True)
    if is_flat(pixels):
        return Flaw(reason="it is one flat colour", bad=np.inf, fatal=True)
    if ink(pixels) < INK_LEAST:
        return Flaw(reason="it is almost blank", bad=np.inf, fatal=True)
    return None


def blank_beyond(new: Pixels, begun: Pixels) -> Flaw | None:
    """The flaw of what was drawn beyond a source: blank, where it does not just go on with a plain edge.

    `new` (pixels, 1, 3) is what was drawn there, `begun` the same pixels as the source's edges went on.
    """
    flaw = blank(new)
    if flaw is None or (blank(begun) and np.abs(ground(new) - ground(begun)).max() <= SAME_GROUND):
        return None
    return replace(flaw, reason=f"beyond the source, {flaw.reason}")


def ground(pixels: Pixels) -> NDArray[np.float64]:
    """The colour (3) of a picture's ground, the middle one of all."""
    middle: NDArray[np.float64] = np.median(pixels[..., :3].reshape(-1, 3), axis=0)
    return middle


def is_flat(pixels: Pixels) -> bool:
    """Whether a picture is one colour."""
    return float(pixels[..., :3].std(axis=(0, 1)).max()) < FLATTEST


def ink(pixels: Pixels) -> float:
    """The share of a picture (height, width, 3) that does not have its ground's colour."""
    colours = pixels[..., :3].reshape(-1, 3).astype(np.int16)
    return float((np.abs(colours - ground(pixels)).max(1) > GROUND).mean())
