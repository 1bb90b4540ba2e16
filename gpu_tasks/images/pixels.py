"""Pixels in bytes, and the conversion from a network's output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

# (height, width, channels), 8 bits per channel, sRGB, with straight alpha if there are four channels.
Pixels: TypeAlias = NDArray[np.uint8]
Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom


def to_bytes(picture: Tensor) -> Pixels:
    """Convert a picture (channels, height, width), 0 to 1, to bytes (height, width, channels)."""
    pixels: Pixels = picture.mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
    return pixels


def resample(pixels: Pixels, size: tuple[int, int], box: Box | None = None) -> Pixels:
    """Resample a picture (height, width, 3 or 4) to `size` (width, height). Clear pixels lend no colour to others.

    `box` is the part of the picture that is resampled, by default all of it. The filter reads the pixels around it, and
    works in floats, so that parts fit together: in bytes, overshoot is clipped between its two passes.
    """
    if pixels.shape[1::-1] == size and box is None:
        return pixels
    if pixels.shape[2] == 3:
        if box is None:
            return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
        opaque = np.dstack([_resize(pixels[..., channel], size, box) for channel in range(3)])
        return opaque.round().clip(0, 255).astype(np.uint8)
    # In bytes, alpha would be clipped where the filter overshoots and colours would not, which draws a ring.
    alpha = _resize(pixels[..., 3], size, box)
    weighted = [_resize(pixels[..., channel] * (pixels[..., 3] / np.float32(255)), size, box) for channel in range(3)]
    colours = [channel * 255 / np.maximum(alpha, 0.5) for channel in weighted]
    return np.dstack([*colours, alpha]).round().clip(0, 255).astype(np.uint8)


def flatten_on_white(picture: Pixels) -> Pixels:
    """Return a picture or pictures (..., 3) on a white background."""
    if picture.shape[-1] == 3:
        return picture
    alpha = picture[..., 3:].astype(np.uint16)
    mixed: Pixels = ((picture[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return mixed


def shrink(picture: Pixels, longest: int) -> Pixels:
    """Return the picture with at most `longest` pixels on its longer side."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    height, width = picture.shape[:2]
    return resample(picture, (max(1, round(width * scale)), max(1, round(height * scale))))


def average(picture: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """Return a picture (height, width, 4) or its alpha (height, width) with at most `longest` pixels on its longer
    side. Unlike `shrink`, each pixel is the mean of an area, so that no colour overshoots.
    """
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def _resize(values: NDArray[Any], size: tuple[int, int], box: Box | None) -> NDArray[np.float32]:
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, box=box))
