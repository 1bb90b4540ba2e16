"""Palettes: the few colours of a cut-out that a person sees as different.

Only even areas count, because pixels on an edge mix two colours. Colours are grouped in OKLab and then joined by
CIEDE2000, the nearest pair first, independently of their areas. So a small red scarf keeps its colour, and two similar
greys are joined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gpu_tasks.images.oklab import to_oklab
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.cutting.tracing.colour_names import measure_difference

DISTINCT = 15.0  # CIEDE2000; colours that differ less are one sheet
MIXABLE = 25.0  # CIEDE2000; colours that differ more are not mixed to a third, the larger one stays
GROUPS = 24  # of similar colours, before they are joined
ROUNDS = 6
LEVELS = 32  # of each channel, in a histogram
MAX_SLOPE = 0.035  # OKLab per pixel; a larger one is an edge between two colours
MIN_EVEN = 0.2  # share of the area; with less, uneven pixels count too
MIN_SHARE = 0.0005  # of the area; a rarer colour is noise


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours, `#rrggbb`, the most frequent first, and the index of each pixel's colour (height, width), -1 outside."""

    colours: list[str]
    chosen: NDArray[np.int64]


def choose_palette(motif: Pixels, max_colours: int, on_group: Callable[[], None] = lambda: None) -> Palette:
    """Return the palette of a cut-out (height, width, 4)."""
    solid = motif[..., 3] >= 128
    chosen = np.full(solid.shape, -1)
    if not solid.any():
        return Palette(colours=[], chosen=chosen)
    even = find_even_pixels(motif, solid)
    samples = motif[even][:, :3]
    groups = group_colours(samples)
    on_group()
    labels, colours = join_groups(samples, groups, max_colours)
    chosen[even] = labels
    # An uneven pixel belongs to the nearest even area, so that no line of mixed colour remains along an edge.
    nearest = ndimage.distance_transform_edt(~even, return_distances=False, return_indices=True)
    chosen = np.where(solid, chosen[tuple(nearest)], -1)
    return Palette(colours=colours, chosen=chosen)


def find_even_pixels(motif: Pixels, solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the solid pixels (height, width) where the colour does not change."""
    lab = to_oklab(motif[..., :3], np.float64)
    slope = np.sqrt(sum(ndimage.sobel(lab[..., channel], axis) ** 2 for channel in range(3) for axis in (0, 1))) / 8
    inside = ndimage.binary_erosion(solid, np.ones((3, 3)))
    even: NDArray[np.bool_] = inside & (slope < MAX_SLOPE)
    return even if even.sum() >= MIN_EVEN * solid.sum() else solid


def group_colours(samples: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the number of the group of each colour (n, 3), by k-means over a histogram.

    The first centres are the colours that are furthest from all others, so each distinct colour has one.
    """
    step = 256 // LEVELS
    keys = (samples // step).astype(np.int64) @ np.array([LEVELS * LEVELS, LEVELS, 1])
    _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
    means = np.stack([np.bincount(place, samples[:, channel]) / counts for channel in range(3)], axis=1)
    lab = to_oklab(means.round().astype(np.uint8), np.float64)
    frequent = counts >= max(2, MIN_SHARE * len(samples))
    if not frequent.any():
        frequent = counts == counts.max()
    centres = [lab[int(np.argmax(counts))]]
    while len(centres) < min(GROUPS, int(frequent.sum())):
        away = np.min([((lab - centre) ** 2).sum(1) for centre in centres], axis=0)
        centres.append(lab[int(np.argmax(np.where(frequent, away, -1)))])
    middle = np.stack(centres)
    for _ in range(ROUNDS):
        nearest = ((lab[:, None] - middle[None]) ** 2).sum(2).argmin(1)
        weight = np.bincount(nearest, counts, len(middle))
        sums = np.stack([np.bincount(nearest, counts * lab[:, axis], len(middle)) for axis in range(3)], axis=1)
        middle = np.where(weight[:, None] > 0, sums / np.maximum(weight, 1)[:, None], middle)
    groups: NDArray[np.int64] = nearest[place]
    return groups


def join_groups(
    samples: NDArray[np.uint8], groups: NDArray[np.int64], max_colours: int
) -> tuple[NDArray[np.int64], list[str]]:
    """Join groups until all colours are distinct and few enough. Returns the index of each sample's colour, and the
    colours, the most frequent first.
    """
    count = int(groups.max()) + 1
    members = {number: [number] for number in range(count) if (groups == number).any()}
    sizes = {number: float((groups == number).sum()) for number in members}
    colours = {number: find_middle(samples[groups == number]) for number in members}
    apart = {
        (first, second): measure_difference(colours[first], colours[second])
        for first in members
        for second in members
        if first < second
    }
    while apart:
        (first, second), distance = min(apart.items(), key=lambda item: (item[1], item[0]))
        if distance >= DISTINCT and len(members) <= max_colours:
            break
        kept, gone = (first, second) if sizes[first] >= sizes[second] else (second, first)
        members[kept] += members.pop(gone)
        sizes[kept] += sizes.pop(gone)
        if distance < MIXABLE:
            colours[kept] = find_middle(samples[np.isin(groups, members[kept])])
        apart = {pair: value for pair, value in apart.items() if gone not in pair and kept not in pair}
        for other in members:
            if other != kept:
                pair = (min(other, kept), max(other, kept))
                apart[pair] = measure_difference(colours[other], colours[kept])
    order = sorted(members, key=lambda number: (-sizes[number], number))
    index = np.full(count, 0)
    for place, number in enumerate(order):
        index[members[number]] = place
    return index[groups], [colours[number] for number in order]


def find_middle(samples: NDArray[np.uint8]) -> str:
    """Return the median of colours (n, 3) as `#rrggbb`."""
    return "#" + "".join(f"{round(value):02x}" for value in np.median(samples, axis=0))
