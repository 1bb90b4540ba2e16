"""Background removal with the mask of a network, for drawings whose ground is not plain.

A mask has a few hundred pixels per side, so it only says which pixels certainly belong to the object and which to the
ground. Between them, an object's share of a pixel is computed from the nearest certain colour of each. The edge is as
sharp as the picture's, and no ground remains in its colours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.cutting.matte import compose_motif

SURE = 0.9  # probability from which a pixel certainly belongs to the object, and below 1 - SURE to the ground
UNSURE_PIXELS = 2  # of the mask, on each side of its edge
DISTINCT = 30.0  # distance of two colours, of 255; nearer ones do not show an object's share


def cut_out_by_mask(picture: Pixels, mask: NDArray[np.float32]) -> Pixels:
    """Cut out the object of a picture (height, width, 3) by a mask of any size, 0 to 1.

    Returns (height, width, 4) with straight alpha and no fringe. Pieces without a certain pixel are removed.
    """
    height, width = picture.shape[:2]
    core, ground = (_resize(each, width, height) for each in find_certain(mask))
    if not core.any() or not ground.any():
        alpha = _resize(mask >= 0.5, width, height)
        return np.dstack([picture, np.where(alpha, 255, 0).astype(np.uint8)])
    colours = picture.astype(np.float32)
    own, behind = (colours[_nearest(each)] for each in (core, ground))
    away, full = colours - behind, own - behind
    distance = (full * full).sum(2)
    share = (away * full).sum(2) / np.maximum(distance, 1)
    told = np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.BICUBIC))
    alpha = np.clip(np.where(distance < DISTINCT**2, told, share), 0, 1)
    alpha = np.where(ground, 0, np.where(core & (told >= SURE), 1, alpha))
    return compose_motif(colours, own, np.where(_loose(alpha >= 0.5, core), 0, alpha))


def find_certain(mask: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the certain pixels of the object and of the ground in a mask.

    An object thinner than twice UNSURE_PIXELS has no pixel of that depth, so its deepest pixels are used.
    """
    inside = mask >= 0.5
    if inside.all() or not inside.any():
        return inside, ~inside
    depth = ndimage.distance_transform_edt(inside)
    ridge = (depth >= 1) & (depth == ndimage.maximum_filter(depth, size=2 * UNSURE_PIXELS + 1))
    core = ((depth > UNSURE_PIXELS) | ridge) & (mask >= SURE)
    return core, (ndimage.distance_transform_edt(~inside) > UNSURE_PIXELS) & (mask <= 1 - SURE)


def _loose(solid: NDArray[np.bool_], core: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of pieces that have no certain pixel, such as grain of the ground."""
    pieces, _ = ndimage.label(solid, structure=np.ones((3, 3)))
    loose: NDArray[np.bool_] = (pieces > 0) & ~np.isin(pieces, np.unique(pieces[core]))
    return loose


def _nearest(places: NDArray[np.bool_]) -> tuple[NDArray[np.int32], ...]:
    """Return for each pixel where the nearest of these places is."""
    return tuple(ndimage.distance_transform_edt(~places, return_distances=False, return_indices=True))


def _resize(mask: NDArray[np.bool_], width: int, height: int) -> NDArray[np.bool_]:
    return np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))
