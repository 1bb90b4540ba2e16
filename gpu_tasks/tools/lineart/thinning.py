"""Thinning: areas reduced to lines that are one pixel wide.

Zhang and Suen, "A fast parallel algorithm for thinning digital patterns", 1984.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_tasks.activity import record_activity

# The neighbours of a pixel clockwise from the top, as (down, right).
NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def thin(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the middle lines of an area (height, width), connected as the area is."""
    lines = np.pad(area, 1).astype(np.uint8)
    while True:
        removed = False
        for table in TABLES:
            inner = lines[1:-1, 1:-1]
            gone = inner.astype(bool) & table[read_neighbours(lines)]
            if gone.any():
                inner[gone] = 0
                removed = True
        record_activity()
        if not removed:
            break
    return _remove_corners(lines)[1:-1, 1:-1].astype(bool)


def read_neighbours(lines: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return which neighbours of each pixel are set, as bits, for the inner pixels of an array with a margin."""
    height, width = lines.shape
    code = np.zeros((height - 2, width - 2), np.uint8)
    for bit, (down, right) in enumerate(NEIGHBOURS):
        code |= lines[1 + down : height - 1 + down, 1 + right : width - 1 + right] << np.uint8(bit)
    return code


def _remove_corners(lines: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Remove the pixels of steps in a line whose two neighbours touch each other diagonally."""
    for start in range(4):
        # One kind of corner after the other: two adjacent corners may not vanish together.
        inner = lines[1:-1, 1:-1]
        inner[inner.astype(bool) & CORNERS[start][read_neighbours(lines)]] = 0
    return lines


def _bits(code: int) -> list[int]:
    return [code >> bit & 1 for bit in range(8)]


def _is_removable(code: int, second: bool) -> bool:
    bits = _bits(code)
    crossings = sum(bits[place] == 0 and bits[(place + 1) % 8] == 1 for place in range(8))
    top, right, bottom, left = bits[0], bits[2], bits[4], bits[6]
    sides = (top * right * left, top * bottom * left) if second else (top * right * bottom, right * bottom * left)
    return 2 <= sum(bits) <= 6 and crossings == 1 and sides == (0, 0)


def _is_corner(code: int, start: int) -> bool:
    """Whether the set neighbours are two that touch diagonally, from this side clockwise, and none lies opposite."""
    bits = _bits(code)
    first, second = bits[2 * start], bits[(2 * start + 2) % 8]
    opposite = [bits[(2 * start + offset) % 8] for offset in (4, 5, 6)]
    return bool(first and second) and not any(opposite)


TABLES = [np.array([_is_removable(code, second) for code in range(256)]) for second in (False, True)]
CORNERS = [np.array([_is_corner(code, start) for code in range(256)]) for start in range(4)]
