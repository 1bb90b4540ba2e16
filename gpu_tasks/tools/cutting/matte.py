"""Background removal for drawings on a plain background, and checks whether the cut is clean.

The background is found by `ground.py`. In mixed pixels, the object's share is computed from the nearest colour that
certainly belongs to the object. That colour replaces the pixel's own, so no pale fringe remains on another background.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gpu_tasks.images.drawing import Flaw
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.cutting.ground import find_background, find_holes, list_frame, measure_ground, measure_remains

PLAIN, PLAIN_SHARE = 5, 0.7  # of 255, in the worst channel, and share of the frame: the ground has one colour
MIXED = 0.012  # share of the longer side: depth of pixels that are mixed with the background
DISTINCT = 30.0  # distance of two colours, of 255; nearer ones do not show an object's share
SMOOTH = 0.004  # share of the longer side: blur of an edge whose colours are not distinct
SPECK = 0.0004  # share of the area; smaller pieces are removed
CLEAR, SOLID = 10, 245  # of 255; alpha outside this range becomes 0 or 255

# The limits of a clean cut.
MIN_COVERAGE = 0.005
MAX_COVERAGE = 0.92
MAX_ISLANDS = 8
MAX_SOFT = 0.25
MAX_BORDER = 0.03
MAX_REMAINS = 0.004


@dataclass(frozen=True, kw_only=True)
class Edges:
    """The measures of a cut-out: shares `coverage` of the picture, `soft` of the object's area, `border` of the
    picture's frame, and `remains` of the frame, where the object has a pale colour.
    """

    coverage: float
    islands: int
    soft: float
    border: float
    remains: float

    @property
    def flaw(self) -> Flaw | None:
        """The flaw of a cut that is not clean, in words for a maker."""
        if not self.coverage:
            return Flaw(reason="nothing stands out from the background", severity=np.inf, fatal=True)
        if self.coverage < MIN_COVERAGE:
            return Flaw(reason="almost nothing stands out from the background", severity=np.inf, fatal=True)
        if self.coverage > MAX_COVERAGE:
            return Flaw(reason="the object fills the image, so there is nothing to cut out", severity=4 + self.coverage)
        if self.border > MAX_BORDER:
            return Flaw(reason="the object extends beyond the image", severity=3 + self.border)
        if self.remains > MAX_REMAINS:
            return Flaw(reason="the background is not cleared at the edge of the image", severity=2.5 + self.remains)
        if self.islands > MAX_ISLANDS:
            return Flaw(reason=f"the object consists of {self.islands} pieces", severity=2 + self.islands / 1000)
        if self.soft > MAX_SOFT:
            return Flaw(reason="the edge of the object is too soft to cut", severity=1 + self.soft)
        return None


def cut_out(picture: Pixels, *, holes: bool = False) -> Pixels:
    """Cut out the object on a plain background (height, width, 3). Returns (height, width, 4) with straight alpha and
    no fringe. With `holes`, areas of the background's colour inside the object are background too.
    """
    colours = picture.astype(np.float32)
    ground_colour = measure_ground(colours)
    background = find_background(colours, ground_colour)
    if holes:
        background |= find_holes(colours, ground_colour)
    if background.all() or not background.any():
        return np.dstack([picture, np.where(background, 0, 255).astype(np.uint8)])
    depth = ndimage.distance_transform_edt(~background)
    reach = max(2.0, MIXED * max(picture.shape))
    # An object thinner than twice the reach has no pixel of that depth, so its deepest pixels are used.
    sure = (depth > reach) | ((depth >= 1) & (depth == ndimage.maximum_filter(depth, size=2 * round(reach) + 1)))
    nearest = ndimage.distance_transform_edt(~sure, return_distances=False, return_indices=True)
    own = colours[tuple(nearest)]
    away, full = colours - ground_colour, own - ground_colour
    distance = (full * full).sum(2)
    # A white edge on white does not show the object's share of a pixel. It gets a smooth edge.
    smooth = ndimage.gaussian_filter((~background).astype(np.float32), SMOOTH * max(picture.shape))
    share = np.where(distance < DISTINCT**2, smooth * 2 - 0.5, (away * full).sum(2) / np.maximum(distance, 1))
    clear = background & ((distance >= DISTINCT**2) | (smooth < 0.25))
    alpha = np.where(clear, 0, np.where(depth > reach, 1, np.clip(share, 0, 1)))
    return compose_motif(colours, own, alpha)


def compose_motif(colours: NDArray[np.float32], own: NDArray[np.float32], alpha: NDArray[np.floating]) -> Pixels:
    """Return the motif (height, width, 4) of a picture (height, width, 3) and its alpha (height, width), 0 to 1.

    Mixed pixels get the object's colour near them, `own` (height, width, 3). Specks are removed.
    """
    levels = np.rint(alpha * 255)
    levels = np.where(levels < CLEAR, 0, np.where(levels > SOLID, 255, levels)).astype(np.uint8)
    mixed = (levels > 0) & (levels < 255)
    cleaned = np.where(mixed[..., None], own, colours).astype(np.uint8)
    return remove_specks(np.dstack([cleaned, levels]))


def has_plain_ground(picture: Pixels) -> bool:
    """Return whether most of a picture's frame (height, width, 3) has one colour.

    An object that extends beyond the picture covers the rest. On a gradient or a busy ground, few pixels of the frame
    are that near to the median.
    """
    frame = list_frame(picture.astype(np.float32)).reshape(-1, 3)
    away = np.abs(frame - np.median(frame, axis=0)).max(1)
    return bool((away <= PLAIN).mean() >= PLAIN_SHARE)


def has_clear_ground(picture: Pixels) -> bool:
    """Return whether a picture (height, width, 3 or 4) is transparent around its object."""
    return bool(picture.shape[2] == 4 and picture[..., 3].min() < 128)


def remove_specks(motif: Pixels) -> Pixels:
    """Remove pieces that are smaller than SPECK."""
    pieces, count = ndimage.label(motif[..., 3] > 0, structure=np.ones((3, 3)))
    if not count:
        return motif
    sizes = np.bincount(pieces.ravel())
    sizes[0] = motif[..., 3].size
    kept = motif.copy()
    kept[..., 3][sizes[pieces] < SPECK * motif[..., 3].size] = 0
    return kept


def inspect(motif: Pixels) -> Edges:
    """Measure a cut-out (height, width, 4)."""
    alpha = motif[..., 3]
    solid = alpha >= 128
    area = np.count_nonzero(alpha)
    soft = np.count_nonzero((alpha > 0) & (alpha < 255))
    return Edges(
        coverage=float(solid.mean()),
        islands=int(ndimage.label(solid, structure=np.ones((3, 3)))[1]),
        soft=soft / area if area else 0.0,
        border=float(list_frame(solid).mean()),
        remains=measure_remains(motif),
    )


def trim(motif: Pixels, margin: float) -> Pixels:
    """Crop to the object and add a clear margin around it: `margin` is a share of the longer side."""
    rows, columns = (np.flatnonzero((motif[..., 3] > 0).any(axis)) for axis in (1, 0))
    if not rows.size:
        return motif
    thing = motif[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    space = round(margin * max(thing.shape[:2]))
    return np.pad(thing, ((space, space), (space, space), (0, 0)))
