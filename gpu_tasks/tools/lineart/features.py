"""Features: a picture in a perceptual colour space, without noise, and how much it changes at each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from craftspark.tools.lineart import LINE_SIDE
from gpu_tasks.activity import record_activity
from gpu_tasks.images.oklab import to_oklab
from gpu_tasks.images.pixels import Pixels, flatten_on_white

ALPHA = 0.5  # weight of opacity, so that a white object on a transparent ground has an edge
BLUR = 0.8  # pixels; edges of drawings are blurred as much by their own antialiasing
STEP = 2  # pixels on both sides of a pixel between which its contrast is measured
NEAR = 5  # pixels: width of the surroundings of a pixel whose largest contrast counts for it
EDGE = 4.0  # times the noise: a larger difference is an edge, across which nothing is smoothed
MIN_EDGE = 0.03
MAX_ROUNDS = 40  # of smoothing
ROUNDS_PER_NOISE = 1600.0
DIAGONAL = 0.5**0.5


@dataclass(frozen=True, kw_only=True)
class Features:
    """A picture as arrays of one size (height, width).

    `lightness` is that of OKLab, 0 to 1. `slope` is the largest colour difference across each pixel, and has its
    maximum in the middle of an edge. `contrast` is the difference between both sides of an edge, near it. `noise` is
    the standard deviation of the lightness in even areas.
    """

    lightness: NDArray[np.float32]
    slope: NDArray[np.float32]
    contrast: NDArray[np.float32]
    noise: float


def measure_features(picture: Pixels) -> Features:
    """Return the features of a picture (height, width, 3 or 4) in a copy whose longer side has LINE_SIDE pixels."""
    values = read_values(picture)
    # Noise is measured and smoothed before an enlargement, which would make it look like detail.
    if max(values.shape) > LINE_SIDE:
        values = _resize(values)
    noise = measure_noise(values[..., 0])
    smooth = _resize(smooth_noise(values, noise))
    record_activity()
    smooth = ndimage.gaussian_filter(smooth, (BLUR, BLUR, 0), mode="nearest")
    contrast = ndimage.maximum_filter(measure_differences(smooth, STEP), size=NEAR, mode="nearest")
    return Features(lightness=smooth[..., 0], slope=measure_differences(smooth, 1), contrast=contrast, noise=noise)


def read_values(picture: Pixels) -> NDArray[np.float32]:
    """Return OKLab and weighted opacity (height, width, 4) of a picture on white."""
    lab = to_oklab(flatten_on_white(picture))
    alpha = picture[..., 3:] if picture.shape[2] == 4 else np.full((*picture.shape[:2], 1), 255, np.uint8)
    return np.concatenate([lab, alpha.astype(np.float32) * (ALPHA / 255)], axis=2)


def _resize(values: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = values.shape[:2]
    scale = LINE_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.dstack(
        [
            np.asarray(Image.fromarray(np.ascontiguousarray(each)).resize(size, method))
            for each in np.moveaxis(values, 2, 0)
        ]
    )


def measure_noise(lightness: NDArray[np.float32]) -> float:
    """Return the standard deviation of noise, from the median of differences that neither edges nor slopes change."""
    mixed = ndimage.convolve(lightness, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32), mode="nearest")
    return float(np.median(np.abs(mixed))) / 0.6745 / 6


def smooth_noise(values: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
    """Return values (height, width, channels) smoothed in areas and not across edges.

    Perona and Malik, "Scale-space and edge detection using anisotropic diffusion", 1990, with more rounds the more
    noise there is.
    """
    edge = max(MIN_EDGE, EDGE * noise)
    smooth = values
    for _ in range(min(MAX_ROUNDS, round(noise * ROUNDS_PER_NOISE))):
        change = np.zeros_like(smooth)
        for axis in (0, 1):
            step = np.diff(smooth, axis=axis)
            flow = step * np.exp(-(step**2).sum(2, keepdims=True) / edge**2) * np.float32(0.2)
            ahead, behind = [slice(None)] * 2, [slice(None)] * 2
            ahead[axis], behind[axis] = slice(None, -1), slice(1, None)
            change[tuple(ahead)] += flow
            change[tuple(behind)] -= flow
        smooth = smooth + change
        record_activity()
    return smooth


def measure_differences(values: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Return the largest difference between the values (height, width, channels) a step before and after each pixel, in
    four directions.
    """
    largest: NDArray[np.float32] = np.zeros(values.shape[:2], np.float32)
    padded = np.pad(values, ((step, step), (step, step), (0, 0)), mode="edge")
    height, width = values.shape[:2]
    diagonal = max(1, round(step * DIAGONAL))
    for down, right in ((step, 0), (0, step), (diagonal, diagonal), (diagonal, -diagonal)):
        ahead = padded[step + down : step + down + height, step + right : step + right + width]
        behind = padded[step - down : step - down + height, step - right : step - right + width]
        largest = np.maximum(largest, np.sqrt(((ahead - behind) ** 2).sum(2)))
    return largest
