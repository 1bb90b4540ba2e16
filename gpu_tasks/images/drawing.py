"""Drawings: the model's output for an order, and the flaws that earn a second attempt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from craftspark.tools.request import MAX_SEED
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.pixels import Pixels

OnStep: TypeAlias = Callable[[float], None]  # called with the completed share, 0 to 1

# The golden ratio of the range of seeds. The next seeds after an image's own belong to its siblings.
STRIDE = 0x9E3779B9
LEAP = 0x85EBCA6B  # another odd number: no drawing of an image has the seed of the second attempt of another
MIN_DEVIATION = 2.0  # standard deviation of the values, of 255; a picture below it is one flat colour
BACKGROUND_TOLERANCE = 8  # of 255, in the worst channel: variation of a background's colour
MAX_BACKGROUND_DRIFT = 32  # of 255, in the worst channel: change of a plain background that continues
MAX_GROUND_INK = 0.5  # share of the area; a ground with more is not plain
MIN_INK = 0.005  # share of the area; a picture with less ink is almost blank


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """A defect of a picture, in words for a maker. Of two flawed drawings, the one with the lower `severity` is kept.

    A drawing with a `fatal` flaw is never delivered. One with another flaw is delivered with a warning. `redrawn` is
    false if another seed would not help. `subject_missing` is true if the picture does not show what it should.
    """

    reason: str
    severity: float
    fatal: bool = False
    redrawn: bool = True
    subject_missing: bool = False


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One drawing. `pixels` has three or four channels, `scores` are measured on the picture.

    `seed` is the order's own seed, or the second one after a flaw. `networks` are those that worked on it after the
    diffusion model, by name, with the SHA-256 hash that identifies each. `parts` is data for the `finish` method of the
    same tool. `sources` are the different PNG files that it was made from.
    """

    pixels: Pixels
    seed: int
    scores: Mapping[str, float] = field(default_factory=dict)
    flaw: Flaw | None = None
    networks: Mapping[str, str] = field(default_factory=dict)
    parts: Any = None
    sources: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def undeliverable(self) -> bool:
        """Whether the drawing has a fatal flaw."""
        return self.flaw is not None and self.flaw.fatal


def make_drawing(pixels: Pixels | None, seed: int, start: Pixels | None = None) -> Drawing:
    """Make a drawing of the model's pixels, with its flaw if it is blank. Without pixels, the drawing is one black
    pixel with a fatal flaw.

    `start` is the initial picture. If that picture is almost blank, the drawing may be too.
    """
    if pixels is None:
        return Drawing(pixels=np.zeros((1, 1, 3), np.uint8), seed=seed, flaw=find_blank_flaw(pixels))
    flaw = find_blank_flaw(pixels)
    if flaw and start is not None and not is_flat(pixels) and measure_ink(start) < MIN_INK:
        flaw = None
    return Drawing(pixels=pixels, seed=seed, flaw=flaw)


def reseed(order: ImageOrder) -> ImageOrder:
    """Return the order with the seed of the second attempt, which depends only on the first seed."""
    return replace(order, seed=(order.seed + STRIDE) % (MAX_SEED + 1))


def derive_seed(seed: int, number: int) -> int:
    """Return the seed of one of several drawings of an image. The first has the image's own seed."""
    return (seed + number * LEAP) % (MAX_SEED + 1)


def choose_better(first: Drawing, second: Drawing) -> Drawing:
    """Return the drawing with the less severe flaw, and the first drawing if both are equal."""
    if second.flaw is None or (first.flaw is not None and second.flaw.severity < first.flaw.severity):
        return second
    return first


def add_check(drawing: Drawing, checked: Drawing) -> Drawing:
    """Return the drawing with the scores of another form of it, and with its flaw if it has none."""
    return replace(drawing, scores={**drawing.scores, **checked.scores}, flaw=drawing.flaw or checked.flaw)


def find_blank_flaw(pixels: Pixels | None) -> Flaw | None:
    """Return the flaw of a picture with invalid numbers, one flat colour or almost no ink. Returns None for other
    pictures.
    """
    if pixels is None:
        return Flaw(reason="the model produced invalid numbers", severity=np.inf, fatal=True)
    if is_flat(pixels):
        return Flaw(reason="it is one flat colour", severity=np.inf, fatal=True)
    if measure_ink(pixels) < MIN_INK:
        return Flaw(reason="it is almost blank", severity=np.inf, fatal=True)
    return None


def find_blank_margin(new: Pixels, initial: Pixels) -> Flaw | None:
    """Return the flaw of a blank new area around a source. A new area that continues a mostly plain ground has none.

    `new` (pixels, 1, 3) is the drawn area, `initial` the same pixels before drawing, which continue the source's edges.
    """
    flaw = find_blank_flaw(new)
    if flaw is None or (
        measure_ink(initial) <= MAX_GROUND_INK
        and np.abs(measure_background(new) - measure_background(initial)).max() <= MAX_BACKGROUND_DRIFT
    ):
        return None
    return replace(flaw, reason=f"beyond the source, {flaw.reason}")


def measure_background(pixels: Pixels) -> NDArray[np.float64]:
    """Return the median colour (3) of a picture."""
    middle: NDArray[np.float64] = np.median(pixels[..., :3].reshape(-1, 3), axis=0)
    return middle


def is_flat(pixels: Pixels) -> bool:
    """Return whether a picture is one colour."""
    return float(pixels[..., :3].std(axis=(0, 1)).max()) < MIN_DEVIATION


def measure_ink(pixels: Pixels) -> float:
    """Return the share of a picture (height, width, 3) that differs from its background colour."""
    colours = pixels[..., :3].reshape(-1, 3).astype(np.int16)
    return float((np.abs(colours - measure_background(pixels)).max(1) > BACKGROUND_TOLERANCE).mean())
