"""Pictures as bytes, and networks' pictures as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

# (height, width, channels), 8 bits a channel, sRGB; alpha, where there is some, is straight.
Pixels: TypeAlias = NDArray[np.uint8]


def to_bytes(picture: Tensor) -> Pixels:
    """(channels, height, width), 0 to 1, as (height, width, channels)."""
    pixels: Pixels = picture.mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
    return pixels
