"""Palettes: pictures in only the colours that a maker chose."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.cluster.vq import kmeans2
from scipy.optimize import linear_sum_assignment

from gpu_tasks.activity import record_activity
from gpu_tasks.images.oklab import read_colours, to_oklab
from gpu_tasks.images.pixels import Pixels, shrink

Value = TypeVar("Value", bound=np.generic)

PALETTE_PIXELS = 256  # longer side of a picture from which a palette is taken
MAX_SAMPLES = 20_000  # pixels of all pictures together in which the main colours are found
STEPS = 20  # of k-means
ALIKE = 0.06  # in OKLab; nearer main colours are shades of one
LIGHTNESS = 2.0  # weight of the lightness where main colours are matched with the palette
STEEP = 0.05  # in OKLab per pixel; steeper pixels are mixtures of two colours at an edge, not areas of a third colour
SMOOTH, SOFT = 1.0, 0.7  # pixels; outlines are rounded by the first, and fade over about the second
REACH = 16  # pixels around a pixel that decide its colour, except on long ramps


def recolour(pictures: Sequence[Pixels], palette: Sequence[str]) -> list[Pixels]:
    """Return pictures (height, width, 3 or 4) in the colours of the palette. Transparency is kept.

    The main colours of all pictures together are matched with those of the palette, so that each gets a different one,
    light colours get light ones, and hues stay similar where they can. Areas get exactly a colour of the palette, and a
    pixel at an edge between two areas is a mixture of their colours.
    """
    labs = [to_oklab(picture[..., :3]) for picture in pictures]
    mains = _find_main_colours(pictures, labs, len(palette))
    colours = read_colours(palette)
    matched = _match(mains, to_oklab(colours))
    return [
        _paint(picture, lab, mains, colours[matched].astype(np.float32))
        for picture, lab in zip(pictures, labs, strict=True)
    ]


def find_palette(picture: Pixels, most: int) -> list[str]:
    """Return the up to `most` main colours of a picture (height, width, 3 or 4), as `#rrggbb`.

    Each is the colour of a pixel. A picture without a visible pixel has black.
    """
    small = shrink(picture, PALETTE_PIXELS)
    colours = _take_visible(small, small[..., :3])
    if not len(colours):
        return ["#000000"]
    labs = to_oklab(colours)
    mains = _find_main_colours([small], [to_oklab(small[..., :3])], most)
    nearest = [int(np.linalg.norm(labs - main, axis=1).argmin()) for main in mains]
    return list(dict.fromkeys(f"#{colours[place].tobytes().hex()}" for place in nearest))


def _take_visible(picture: Pixels, values: NDArray[Value]) -> NDArray[Value]:
    """Return the values (n, 3), of (height, width, 3), where a picture is visible."""
    return values[picture[..., 3] > 127] if picture.shape[2] == 4 else values.reshape(-1, 3)


def _find_main_colours(
    pictures: Sequence[Pixels], labs: Sequence[NDArray[np.float32]], most: int
) -> NDArray[np.float32]:
    """Return up to `most` main colours (n, 3) of the visible pixels: those of k-means from distant starts."""
    found = np.concatenate([_take_visible(picture, lab) for picture, lab in zip(pictures, labs, strict=True)])
    samples = found[:: ceil(len(found) / MAX_SAMPLES) or 1]
    if not len(samples):
        return np.zeros((1, 3), np.float32)
    starts = [np.median(samples, axis=0)]
    while len(starts) < most:
        away = np.min([np.linalg.norm(samples - start, axis=1) for start in starts], axis=0)
        # A colour at the edge of many is a start, but not a single odd pixel.
        reach = np.quantile(away, 0.995)
        if reach < ALIKE:
            break
        far = samples[away >= reach]
        near = np.linalg.norm(far - far[0], axis=1) < ALIKE
        starts.append(np.median(far[near], axis=0))
    mains, owners = kmeans2(samples, np.asarray(starts, np.float32), iter=STEPS, minit="matrix", missing="warn")
    used = np.bincount(owners, minlength=len(mains)) > 0
    kept: NDArray[np.float32] = mains[used].astype(np.float32)
    return kept


def _match(mains: NDArray[np.float32], palette: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the colour of the palette for each main colour, with the least change in all."""
    weights = np.array([LIGHTNESS, 1, 1], np.float32)
    change = np.linalg.norm((mains[:, None] - palette[None]) * weights, axis=2)
    rows, columns = linear_sum_assignment(change)
    matched = np.empty(len(mains), np.intp)
    matched[rows] = columns
    return matched


def _paint(
    picture: Pixels, lab: NDArray[np.float32], mains: NDArray[np.float32], colours: NDArray[np.float32]
) -> Pixels:
    """Return the picture with each area of a main colour in its new one."""
    nearest = np.stack([np.linalg.norm(lab - main, axis=2) for main in mains]).argmin(0)
    visible = picture[..., 3] > 0 if picture.shape[2] == 4 else np.ones(nearest.shape, bool)
    sure = visible & (_measure_steepness(lab) < STEEP)
    if sure.any():
        places = ndimage.distance_transform_edt(~sure, return_distances=False, return_indices=True)
        nearest = nearest[tuple(places)]
    record_activity()
    areas = np.stack([_blur((nearest == number) & visible, SMOOTH) for number in range(len(mains))])
    owner = areas.argmax(0)
    record_activity()
    shares = np.stack([_blur((owner == number) & visible, SOFT) for number in range(len(mains))])
    record_activity()
    total = np.maximum(shares.sum(0), 1e-6)
    painted = np.rint(np.tensordot(shares / total, colours, ([0], [0]))).clip(0, 255).astype(np.uint8)
    return np.dstack([painted, picture[..., 3]]) if picture.shape[2] == 4 else painted


def _measure_steepness(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much the colour (height, width) changes from the pixel before to that behind, per pixel."""
    down, across = np.gradient(np.pad(lab, ((1, 1), (1, 1), (0, 0)), mode="edge"), axis=(0, 1))
    steepness: NDArray[np.float32] = np.sqrt((down**2 + across**2).sum(2))[1:-1, 1:-1]
    return steepness


def _blur(area: NDArray[np.bool_], width: float) -> NDArray[np.float32]:
    blurred: NDArray[np.float32] = ndimage.gaussian_filter(area.astype(np.float32), width, mode="nearest")
    return blurred
