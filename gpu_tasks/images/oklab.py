"""OKLab: a colour space in which equal distances look about equal, as published in 2020.

https://bottosson.github.io/posts/oklab/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_tasks.images.pixels import Pixels

TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


LEVELS = np.arange(256) / 255
LINEAR = np.where(LEVELS <= 0.04045, LEVELS / 12.92, ((LEVELS + 0.055) / 1.055) ** 2.4)


def to_oklab(colours: Pixels, dtype: type[np.floating[Any]] = np.float32) -> NDArray[Any]:
    """Return the OKLab values (..., 3) of sRGB colours (..., 3): lightness from 0 to 1, and two axes of hue."""
    cones = np.cbrt(LINEAR.astype(dtype)[colours] @ TO_CONES.T.astype(dtype))
    lab: NDArray[Any] = cones @ TO_LAB.T.astype(dtype)
    return lab


def read_colours(texts: Sequence[str]) -> Pixels:
    """Return the sRGB colours (n, 3) of texts such as `#rrggbb`."""
    return np.array([tuple(bytes.fromhex(text.removeprefix("#"))) for text in texts], np.uint8)
