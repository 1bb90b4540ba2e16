"""Regions: even areas of a picture, and the borders between those that differ visibly.

A watershed divides the picture along the ridges of its contrast. Then neighbours whose common border has little
contrast are joined, the least first, so that shades and noise leave no lines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gpu_tasks.activity import record_activity
from gpu_tasks.tools.lineart.features import Features

EVEN = 0.012  # OKLab; less slope than this is an even area
EVEN_NOISE = 2.5  # times the noise
SEED = 24  # pixels; a smaller even area starts no region
RELIEF = 4000.0  # steps of the watershed for a contrast of 1
WEAK = 0.4  # of the smallest contrast of a border: a weaker part of it is left out
ROUNDS = 30  # of joining


def find_borders(features: Features, holes: NDArray[np.bool_], *, visible: float, smallest: float) -> NDArray[np.bool_]:
    """Return the pixels (height, width) on borders between regions whose contrast is at least `visible`.

    `holes` are drawn lines: the regions next to them meet in the middle of a line. A region with fewer pixels than
    `smallest` joins its neighbour.
    """
    contrast = features.contrast
    labels = divide(features.slope, holes, features.noise)
    labels = join(labels, np.where(holes, 1.0, contrast).astype(np.float32), visible, smallest)
    border = mark_borders(labels)
    weak, _ = ndimage.label(border & (contrast >= WEAK * visible), np.ones((3, 3)))
    strong = np.unique(weak[border & (contrast >= visible)])
    return np.isin(weak, strong[strong > 0])


def divide(slope: NDArray[np.float32], holes: NDArray[np.bool_], noise: float) -> NDArray[np.int32]:
    """Return the number of each pixel's region, from 1. There is one region if nothing is even."""
    even = (slope < max(EVEN, EVEN_NOISE * noise)) & ~holes
    seeds, count = ndimage.label(even)
    sizes = np.bincount(seeds.ravel(), minlength=count + 1)
    seeds = np.where(sizes[seeds] >= SEED, seeds, 0)
    if not seeds.any():
        return np.ones(slope.shape, np.int32)
    relief = np.clip(np.where(holes, 1.0, slope) * RELIEF, 0, 65535).astype(np.uint16)
    _, numbers = np.unique(seeds, return_inverse=True)
    markers = numbers.reshape(seeds.shape).astype(np.int32)
    labels = ndimage.watershed_ift(relief, markers)
    record_activity()
    nearest = ndimage.distance_transform_edt(holes, return_distances=False, return_indices=True)
    divided: NDArray[np.int32] = np.where(holes, labels[tuple(nearest)], labels)
    return divided


def join(
    labels: NDArray[np.int32], contrast: NDArray[np.float32], visible: float, smallest: float
) -> NDArray[np.int32]:
    """Return the regions after joining those that differ by less than `visible` along their common border, and those
    with fewer pixels than `smallest`.
    """
    for _ in range(ROUNDS):
        count = int(labels.max()) + 1
        first, second, mean = measure_pairs(labels, contrast)
        sizes = np.bincount(labels.ravel(), minlength=count)
        small = np.minimum(sizes[first], sizes[second]) < smallest
        wanted = small | (mean < visible)
        if not wanted.any():
            break
        order = np.argsort(np.where(wanted, mean, np.inf), kind="stable")[: int(wanted.sum())]
        target, taken = np.arange(count), np.zeros(count, bool)
        # Only pairs of regions that were not joined in this round: the others have a new border.
        for pair in order:
            one, other = int(first[pair]), int(second[pair])
            if not (taken[one] or taken[other]):
                taken[one] = taken[other] = True
                target[other] = one
        labels = target[labels].astype(np.int32)
        record_activity()
    return labels


def measure_pairs(
    labels: NDArray[np.int32], contrast: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the numbers of the regions of each pair of neighbours, and the mean contrast of their border."""
    keys, values = [], []
    count = int(labels.max()) + 1
    for one, other, edge in (
        (labels[:, :-1], labels[:, 1:], np.maximum(contrast[:, :-1], contrast[:, 1:])),
        (labels[:-1], labels[1:], np.maximum(contrast[:-1], contrast[1:])),
    ):
        differ = one != other
        low, high = np.minimum(one, other)[differ], np.maximum(one, other)[differ]
        keys.append(low.astype(np.int64) * count + high)
        values.append(edge[differ])
    found, place, number = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    mean = np.bincount(place, np.concatenate(values), len(found)) / np.maximum(number, 1)
    return found // count, found % count, mean


def mark_borders(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the pixels (height, width) that have a neighbour to the right or below in another region."""
    border = np.zeros(labels.shape, bool)
    border[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    border[:-1] |= labels[:-1] != labels[1:]
    return border
