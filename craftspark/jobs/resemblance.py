"""Images of one job that look nearly the same, found by their colour layouts."""

from collections.abc import Mapping
from operator import sub
from typing import Any

# Pixels per side of a colour layout: an image reduced to so few pixels, on white, as bytes in RGB by rows.
LAYOUT_SIDE = 8
CHANNELS = 3
# Of two images, the mean difference of their layouts as a share of their mean contrast. In drawings of the built-in
# model, pairs that look the same have 0.02 to 0.09, and those with other shapes have 0.094 or more.
NEAR_IDENTICAL = 0.09


def find_near_identical(layouts: Mapping[int, bytes]) -> dict[int, int]:
    """Return the images, by index, that look nearly like an earlier image, each with the first such image."""
    contrasts = {index: measure_contrast(layout) for index, layout in layouts.items()}

    def look_alike(one: int, other: int) -> bool:
        difference: float = sum(map(abs, map(sub, layouts[one], layouts[other])))
        return difference <= NEAR_IDENTICAL * (contrasts[one] + contrasts[other]) / 2

    indexes = sorted(layouts)
    first = (
        (one, next((other for other in indexes[:place] if look_alike(other, one)), None))
        for place, one in enumerate(indexes)
    )
    return {one: other for one, other in first if other is not None}


def measure_contrast(layout: bytes) -> int:
    """Return the sum of all differences from the median colour. A large plain ground adds nothing to it, so that a
    small object counts as much as a large one.
    """
    # The differences of an even number of values from their median: the upper half less the lower half.
    half = LAYOUT_SIDE**2 // 2
    channels = (sorted(layout[channel::CHANNELS]) for channel in range(CHANNELS))
    return sum(sum(values[half:]) - sum(values[:half]) for values in channels)


def describe_warnings(warning: str | None, alike: int | None, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields `warning` and `near_identical_to` of an image, from its warning and the image, by index, that
    it looks nearly like.
    """
    if alike is None:
        return {"warning": warning, "near_identical_to": None}
    change = "a higher strength or other words" if "strength" in request else "other words or another style"
    # Files are numbered from 1.
    near = f"it looks nearly like number {alike + 1} of this job: use {change} for images that differ more"
    return {"warning": f"{warning}; {near}" if warning else near, "near_identical_to": alike}
