"""Objects that an edge cuts off, rounded off on their ground without drawing.

All functions continue a picture to the right. Values are premultiplied: (height, width, 3 or 4), 0 to 255.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gpu_tasks.tools.outpaint.grounds import SMOOTHING, Values

DEPTH = 4  # pixels next to an edge that are judged
TOLERANCE = 8.0  # of 255: variation of the ground around an object
CONTRAST = 32.0  # of 255: the least difference of an object from its ground
MIN_GROUND = 0.5  # share of an edge that has the ground's colour
MAX_BETWEEN = 0.1  # share of an edge that is neither ground nor object
ROUNDNESS = 0.4  # of the length of the cut, the depth that closes it


def find_cut_objects(picture: Values) -> NDArray[np.bool_] | None:
    """Return which rows of the right edge belong to objects, or None if most of the edge is not a plain ground."""
    edge = picture[:, -DEPTH:]
    away = np.abs(edge - np.median(edge, (0, 1))).max((1, 2))
    objects = away > TOLERANCE
    between = (objects & (away < CONTRAST)).mean()
    return objects if (~objects).mean() >= MIN_GROUND and between <= MAX_BETWEEN else None


def round_off(picture: Values, objects: NDArray[np.bool_], room: int) -> Values:
    """Return the next `room` columns (height, room, channels): the ground, and half an ellipse for each object."""
    height = len(picture)
    edge = picture[:, -DEPTH:].mean(1)
    ground = np.stack([np.interp(np.arange(height), np.flatnonzero(~objects), side[~objects]) for side in edge.T], 1)
    ground = ndimage.gaussian_filter1d(ground, height / SMOOTHING, axis=0, mode="nearest")
    filled = np.repeat(ground[:, None].astype(np.float32), room, 1)
    rows = np.arange(height, dtype=np.float32) + 0.5
    for start, end in find_runs(objects):
        # An object in a corner is cut off on two sides, so this is half of its cut.
        middle = 0.0 if start == 0 else float(height) if end == height else (start + end) / 2
        half = max(end - middle, middle - start)
        depth = min(room, max(1, round(2 * ROUNDNESS * half)))
        for column in range(depth):
            reach = half * np.sqrt(1 - ((column + 0.5) / depth) ** 2)
            cover = (reach - np.abs(rows - middle) + 0.5).clip(0, 1)[:, None]
            from_row = middle + (rows - middle) * half / max(reach, 0.5)
            sampled = picture[from_row.astype(int).clip(start, end - 1), -1]
            filled[:, column] += cover * (sampled - filled[:, column])
    return filled


def find_runs(rows: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Return the start and the end of each run of true rows."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], rows, [False]]).astype(np.int8)))
    yield from zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True)
