"""Strokes: smooth centre lines along areas, without spurs, specks and doubled lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gpu_tasks.activity import record_activity
from gpu_tasks.tools.lineart.thinning import NEIGHBOURS, read_neighbours, thin

Stroke = NDArray[np.float64]  # (points, 2) as x and y in pixels; the first point is the last one if it is closed

SQUARE = np.ones((3, 3), bool)
ROUNDS = 4  # of removing spurs, each of which can make another
CROSSINGS = np.array([sum((code >> bit & 1) < (code >> (bit + 1) % 8 & 1) for bit in range(8)) for code in range(256)])
COUNTS = np.array([code.bit_count() for code in range(256)])


def trace_strokes(area: NDArray[np.bool_], *, gap: float, spur: float, shortest: float, smooth: float) -> list[Stroke]:
    """Return the centre lines of an area (height, width).

    Lines nearer to each other than `gap` pixels become one. Ends shorter than `spur` and connected lines shorter than
    `shortest` are left out. `smooth` is the standard deviation of the smoothing. All are pixels.
    """
    lines = thin(join_near(area, gap))
    reach = ndimage.distance_transform_edt(np.pad(area, 1))[1:-1, 1:-1]
    for _ in range(ROUNDS):
        spurs = [chain for chain in list_spurs(lines) if len(chain) < spur + 1.5 * reach[tuple(chain[-1])]]
        if not spurs:
            break
        for chain in spurs:
            lines[tuple(chain.T)] = False
        lines = thin(lines)
        record_activity()
    pieces, count = ndimage.label(lines, SQUARE)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    lines &= sizes[pieces] >= shortest
    return [smooth_stroke(stroke, smooth) for stroke in list_strokes(lines)]


def join_near(area: NDArray[np.bool_], gap: float) -> NDArray[np.bool_]:
    """Return the area and the gaps in it that are narrower than `gap` pixels."""
    margin = int(np.ceil(gap)) + 1
    padded = np.pad(area, margin)
    grown = ndimage.distance_transform_edt(~padded) <= gap / 2
    # A gap that a disc of this size does not fit into.
    closed = ndimage.distance_transform_edt(grown) > gap / 2
    joined: NDArray[np.bool_] = (closed | padded)[margin:-margin, margin:-margin]
    return joined


def find_junctions(lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels (height, width) of lines where three or more lines meet."""
    code = read_neighbours(np.pad(lines, 1).astype(np.uint8))
    return lines & ((CROSSINGS[code] >= 3) | (COUNTS[code] >= 4))


def list_spurs(lines: NDArray[np.bool_]) -> Iterator[NDArray[np.int64]]:
    """Yield the pixels (points, 2) as row and column of each line that leads from a free end to a junction."""
    junctions = find_junctions(lines)
    near = ndimage.binary_dilation(junctions, SQUARE)
    for chain in list_chains(lines & ~junctions):
        at_junction = near[chain[0, 0], chain[0, 1]], near[chain[-1, 0], chain[-1, 1]]
        if at_junction == (False, True):
            yield chain
        elif at_junction == (True, False):
            yield chain[::-1]
        elif at_junction == (True, True) and len(chain) == 1 and _meets_once(junctions, chain[0]):
            yield chain


def _meets_once(junctions: NDArray[np.bool_], pixel: NDArray[np.int64]) -> bool:
    """Return whether the junctions next to a single pixel are connected with each other."""
    row, column = pixel
    window = junctions[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    return bool(ndimage.label(window, SQUARE)[1] == 1)


def list_chains(lines: NDArray[np.bool_]) -> Iterator[NDArray[np.int64]]:
    """Yield the pixels (points, 2) of each line without junctions, in their order."""
    pixels = [(int(row), int(column)) for row, column in np.argwhere(lines)]
    left = dict.fromkeys(pixels)
    ends = [pixel for pixel in pixels if sum(1 for _ in _neighbours(pixel, left)) <= 1]
    for start in (*ends, *pixels):
        if start not in left:
            continue
        chain = [start]
        del left[start]
        while (following := next(_neighbours(chain[-1], left), None)) is not None:
            chain.append(following)
            del left[following]
        yield np.array(chain)


def _neighbours(pixel: tuple[int, int], among: dict[tuple[int, int], None]) -> Iterator[tuple[int, int]]:
    """Yield the set neighbours of a pixel, those with a common side first."""
    for down, right in (*NEIGHBOURS[::2], *NEIGHBOURS[1::2]):
        near = pixel[0] + down, pixel[1] + right
        if near in among:
            yield near


def list_strokes(lines: NDArray[np.bool_]) -> Iterator[Stroke]:
    """Yield each line between junctions and ends, in pixels from the left top corner. Lines that meet share a point."""
    junctions = find_junctions(lines)
    numbers, count = ndimage.label(junctions, SQUARE)
    centres = np.array(ndimage.center_of_mass(junctions, numbers, range(1, count + 1))).reshape(-1, 2)
    for chain in list_chains(lines & ~junctions):
        found = [_find_junction(numbers, chain[place]) for place in (0, -1)]
        points = chain.astype(np.float64)
        if found[0]:
            points = np.concatenate([centres[found[0] - 1][None], points])
        if found[1] and (found[0] != found[1] or len(chain) > 2):
            points = np.concatenate([points, centres[found[1] - 1][None]])
        closed = not any(found) and len(chain) > 3 and np.abs(chain[0] - chain[-1]).max() <= 1
        if closed:
            points = np.concatenate([points, points[:1]])
        if len(points) > 1:
            yield points[:, ::-1] + 0.5


def _find_junction(numbers: NDArray[np.int32], pixel: NDArray[np.int64]) -> int:
    """Return the number of a junction next to a pixel, or 0."""
    row, column = pixel
    return int(numbers[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].max())


def smooth_stroke(stroke: Stroke, sigma: float) -> Stroke:
    """Return a stroke without the steps of its pixels. The ends of an open stroke stay."""
    if len(stroke) < 4:
        return stroke
    if (stroke[0] == stroke[-1]).all():
        around = ndimage.gaussian_filter1d(stroke[:-1], sigma, axis=0, mode="wrap")
        return np.concatenate([around, around[:1]])
    # Mirrored at its ends, which therefore do not move.
    reach = min(len(stroke) - 1, int(np.ceil(4 * sigma)))
    before = 2 * stroke[0] - stroke[reach:0:-1]
    after = 2 * stroke[-1] - stroke[-2 : -reach - 2 : -1]
    filtered: Stroke = ndimage.gaussian_filter1d(np.concatenate([before, stroke, after]), sigma, axis=0)
    return filtered[reach : reach + len(stroke)]
