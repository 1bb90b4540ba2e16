"""The choice of a wave size."""

from __future__ import annotations

from collections.abc import Collection, Mapping

# A wave is as good as the fastest if it has at least this share of its throughput.
ENOUGH = 0.9


def choose_wave_size(image_s: Mapping[int, float], exact: Collection[int]) -> int:
    """Return the smallest wave size whose throughput is within 10 % of the best.

    `image_s` are the seconds of one image by wave size. Only sizes in `exact` count: in their calls, an image's pixels
    do not depend on its place or on the others. A call of one image always is exact.
    """
    usable = {size: seconds for size, seconds in image_s.items() if size == 1 or size in exact}
    best_s = min(usable.values())
    return min(size for size, seconds in usable.items() if seconds * ENOUGH <= best_s)
