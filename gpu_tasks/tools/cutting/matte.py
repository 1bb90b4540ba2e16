"""Background removal for drawings on a plain ground, and whether the cut is clean.

The ground is what is connected with the border and has its colour; white inside a thing stays. Where thing and ground
mix, a pixel's share of the thing is solved from the nearest colour that is surely the thing's, which becomes its own
colour: no pale fringe is left on another ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gpu_tasks.images.drawn import Flaw
from gpu_tasks.images.pixels import Pixels

Value = TypeVar("Value", bound=np.generic)

NEAR = 14  # of 255, in the worst channel: how far the ground's colour wanders within one drawing
MIXED = 0.012  # of the longer side, how far inwards from the ground pixels may be mixed with it
SPECK = 0.0004  # of the picture's area: less is dust
CLEAR, SOLID = 10, 245  # of 255: less alpha is none, more is all

# What a cut can be and still be called clean.
COVERAGE_LEAST = 0.005
COVERAGE_MOST = 0.92
ISLANDS_MOST = 8
SOFT_MOST = 0.25
BORDER_MOST = 0.03


@dataclass(frozen=True, kw_only=True)
class Edges:
    """What a cut-out is like. Shares: `coverage` of the picture, `soft` of the thing's area, `border` of the frame."""

    coverage: float
    islands: int
    soft: float
    border: float

    @property
    def flaw(self) -> Flaw | None:
        """What is not clean about it, in a maker's words."""
        if not self.coverage:
            return Flaw(reason="nothing stands out from the background", bad=np.inf, fatal=True)
        if self.coverage < COVERAGE_LEAST:
            return Flaw(reason="almost nothing stands out from the background", bad=np.inf, fatal=True)
        if self.coverage > COVERAGE_MOST:
            return Flaw(reason="the object fills the image, so there is nothing to cut out", bad=4 + self.coverage)
        if self.border > BORDER_MOST:
            return Flaw(reason="the object extends beyond the image", bad=3 + self.border)
        if self.islands > ISLANDS_MOST:
            return Flaw(reason=f"the object consists of {self.islands} pieces", bad=2 + self.islands / 1000)
        if self.soft > SOFT_MOST:
            return Flaw(reason="the edge of the object is too soft to cut", bad=1 + self.soft)
        return None


def cut_out(picture: Pixels) -> Pixels:
    """The thing on a plain ground (height, width, 3) as (height, width, 4), alpha straight and without a fringe."""
    colours = picture.astype(np.float32)
    ground = _border(colours).reshape(-1, 3)
    ground_colour = np.median(ground, axis=0)
    background = _connected_with_the_border(np.abs(colours - ground_colour).max(2) < NEAR)
    if background.all() or not background.any():
        return np.dstack([picture, np.where(background, 0, 255).astype(np.uint8)])
    depth = ndimage.distance_transform_edt(~background)
    reach = max(2.0, MIXED * max(picture.shape))
    # A thing thinner than twice the reach has no pixel that deep: its deepest ones are the surest there are.
    sure = (depth > reach) | ((depth >= 1) & (depth == ndimage.maximum_filter(depth, size=2 * round(reach) + 1)))
    nearest = ndimage.distance_transform_edt(~sure, return_distances=False, return_indices=True)
    own = colours[tuple(nearest)]
    away, full = colours - ground_colour, own - ground_colour
    share = (away * full).sum(2) / np.maximum((full * full).sum(2), 1)
    alpha = np.where(background, 0, np.where(depth > reach, 1, np.clip(share, 0, 1)))
    levels = np.rint(alpha * 255)
    levels = np.where(levels < CLEAR, 0, np.where(levels > SOLID, 255, levels)).astype(np.uint8)
    mixed = (levels > 0) & (levels < 255)
    cleaned = np.where(mixed[..., None], own, colours).astype(np.uint8)
    return without_specks(np.dstack([cleaned, levels]))


def without_specks(motif: Pixels) -> Pixels:
    """The picture without the pieces that are dust."""
    pieces, count = ndimage.label(motif[..., 3] > 0, structure=np.ones((3, 3)))
    if not count:
        return motif
    sizes = np.bincount(pieces.ravel())
    sizes[0] = motif[..., 3].size
    kept = motif.copy()
    kept[..., 3][sizes[pieces] < SPECK * motif[..., 3].size] = 0
    return kept


def inspect(motif: Pixels) -> Edges:
    """What the cut-out (height, width, 4) is like."""
    alpha = motif[..., 3]
    solid = alpha >= 128
    area = np.count_nonzero(alpha)
    soft = np.count_nonzero((alpha > 0) & (alpha < 255))
    return Edges(
        coverage=float(solid.mean()),
        islands=int(ndimage.label(solid, structure=np.ones((3, 3)))[1]),
        soft=soft / area if area else 0.0,
        border=float(_border(solid).mean()),
    )


def trim(motif: Pixels, margin: float) -> Pixels:
    """The thing alone, with clear space around it: `margin` is a share of its longer side."""
    rows, columns = (np.flatnonzero((motif[..., 3] > 0).any(axis)) for axis in (1, 0))
    if not rows.size:
        return motif
    thing = motif[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    space = round(margin * max(thing.shape[:2]))
    return np.pad(thing, ((space, space), (space, space), (0, 0)))


def _connected_with_the_border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, _ = ndimage.label(mask)
    at_border = np.unique(_border(pieces))
    return np.isin(pieces, at_border[at_border > 0])


def _border(values: NDArray[Value]) -> NDArray[Value]:
    """The outermost pixels."""
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])
