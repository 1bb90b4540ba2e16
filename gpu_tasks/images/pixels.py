"""Pixels in bytes, and the conversion from a network's output."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

# (height, width, channels), 8 bits per channel, sRGB, with straight alpha if there are four channels.
Pixels: TypeAlias = NDArray[np.uint8]


def to_bytes(picture: Tensor) -> Pixels:
    """Convert a picture (channels, height, width), 0 to 1, to bytes (height, width, channels)."""
    pixels: Pixels = picture.mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
    return pixels
