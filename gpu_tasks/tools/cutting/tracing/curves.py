"""Curves: smooth closed paths around polygons, by Schneider's algorithm.

Philip Schneider, "An Algorithm for Automatically Fitting Digitized Curves", Graphics Gems, 1990. A cubic Bezier curve
is fitted to points by least squares, its parameters are improved by Newton's method, and the points are divided where
they are furthest from it until each curve is within the tolerance. Corners are found first and stay.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from shapely import LinearRing, Polygon

from gpu_tasks.images.vectors.page import Ring, evaluate, flatten, make_line_ring

Points: TypeAlias = NDArray[np.float64]

CORNER_DEGREES = 40.0  # a smaller turn is part of a curve
SHARP = 0.6  # share of a corner's turn that is close to it
ROUNDS = 4  # of Newton's method
RETRY_WITHIN = 4.0  # times the tolerance; from further away, better parameters do not help
STEP = 0.5  # of the tolerance's mm per point; nearer points add nothing
REACH = 6.0  # tolerances on each side of a point over which its turn is measured
MIN_REACH_MM = 0.25


def fit_ring(coords: Points, tolerance_mm: float) -> Ring:
    """Return a closed path within the tolerance of a closed polygon (points, 2) in mm, whose first point is repeated.

    If the path would cross itself, its tolerance is halved, and at last it has the polygon's own lines.
    """
    points = _thin(coords[:-1], STEP * tolerance_mm)
    if len(points) < 4:
        return make_line_ring(points)
    for tolerance in (tolerance_mm, tolerance_mm / 2, tolerance_mm / 4):
        ring = _fit_closed(points, tolerance)
        if is_simple(ring, tolerance_mm / 4):
            return ring
    kept = np.array(Polygon(points).simplify(tolerance_mm).exterior.coords[:-1])
    return make_line_ring(kept)


def is_simple(ring: Ring, tolerance_mm: float) -> bool:
    """Return whether a closed path does not cross or touch itself."""
    points = flatten(ring, tolerance_mm)
    return len(points) > 2 and bool(LinearRing(points).is_simple)


def _thin(points: Points, step: float) -> Points:
    """Return points at least a step from each other, and no gap longer than a few steps in straight lines."""
    line = LinearRing(points).segmentize(max(8 * step, 1e-3))
    dense = np.array(line.coords[:-1])
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(dense, axis=0).T))])
    _, first = np.unique(np.floor(length / step), return_index=True)
    return dense[first]


def _fit_closed(points: Points, tolerance: float) -> Ring:
    corners = find_corners(points, max(MIN_REACH_MM, REACH * tolerance))
    if len(corners) == 0:
        # A smooth path can start anywhere, and returns to its start in the same direction.
        around = np.concatenate([points, points[:1]])
        tangent = _unit(points[1] - points[-1])
        return np.stack(_fit(around, tangent, -tangent, tolerance))
    points = np.roll(points, -int(corners[0]), axis=0)
    stops = [*(int(corner - corners[0]) for corner in corners), len(points)]
    around = np.concatenate([points, points[:1]])
    pieces: list[NDArray[np.float64]] = []
    for start, stop in pairwise(stops):
        part = around[start : stop + 1]
        pieces += _fit(part, _end_tangent(part, tolerance), _end_tangent(part[::-1], tolerance), tolerance)
    return np.stack(pieces)


def find_corners(points: Points, reach: float) -> NDArray[np.int64]:
    """Return the indices of the points of a closed path (points, 2) where it turns sharply.

    Turns are measured over `reach` mm on both sides. A round bend turns as much over a long way, so most of a corner's
    turn has to be within a third of that.
    """
    gaps = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    length, total = np.concatenate([[0.0], np.cumsum(gaps)]), float(gaps.sum())
    reach = min(reach, total / 4)
    turn = _measure_turns(points, length, reach)
    sharp = _measure_turns(points, length, reach / 3)
    at = length[:-1]
    found: list[int] = []
    for index in np.argsort(-turn, kind="stable"):
        if turn[index] < CORNER_DEGREES:
            break
        apart = np.abs(at[found] - at[index])
        if not (np.minimum(apart, total - apart) < reach).any():
            found.append(int(index))
    return np.array(sorted(index for index in found if sharp[index] > SHARP * turn[index]), np.int64)


def _measure_turns(points: Points, length: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Return the degrees by which a closed path turns at each point. `length` is the way to each point and around."""
    closed = np.concatenate([points, points[:1]])

    def follow(offset: float) -> Points:
        where = (length[:-1] + offset) % length[-1]
        return np.stack([np.interp(where, length, closed[:, axis]) for axis in (0, 1)], axis=1)

    before, after = points - follow(-reach), follow(reach) - points
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turns: NDArray[np.float64] = np.abs(np.degrees(np.arctan2(cross, (before * after).sum(1))))
    return turns


def _end_tangent(points: Points, tolerance: float) -> Points:
    """Return the direction of a line of points at its first point."""
    away = np.hypot(*(points - points[0]).T)
    beyond = np.flatnonzero(away > 2 * tolerance)
    return _unit(points[int(beyond[0]) if len(beyond) else -1] - points[0])


def _fit(points: Points, start: Points, end: Points, tolerance: float) -> list[NDArray[np.float64]]:
    """Return curves (4, 2) along the points, which leave the first point in the direction `start` and the last one
    backwards in the direction `end`.
    """
    made: list[NDArray[np.float64]] = []
    waiting = [(points, start, end)]
    while waiting:
        points, start, end = waiting.pop()
        curve, split = _fit_one(points, start, end, tolerance)
        if split is None:
            made.append(curve)
            continue
        tangent = _middle_tangent(points, split)
        waiting.append((points[split:], -tangent, end))
        waiting.append((points[: split + 1], start, tangent))
    return made


def _middle_tangent(points: Points, at: int) -> Points:
    """Return the direction of the line backwards at a point, over a few points on both sides."""
    reach = min(3, at, len(points) - 1 - at)
    direction = points[at - reach] - points[at + reach]
    return _unit(direction if direction.any() else points[at - 1] - points[at])


def _fit_one(points: Points, start: Points, end: Points, tolerance: float) -> tuple[NDArray[np.float64], int | None]:
    """Return a curve, and where to divide the points if it is not within the tolerance."""
    first, last = points[0], points[-1]
    if _is_straight(points, tolerance / 2):
        return np.stack([first, first, last, last]), None
    if len(points) < 4:
        third = np.hypot(*(last - first)) / 3
        return np.stack([first, first + start * third, last + end * third, last]), None
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = length / length[-1]
    for _ in range(ROUNDS):
        curve = _solve(points, at, start, end)
        away = evaluate(curve, at) - points
        off = (away**2).sum(1)
        worst = int(off.argmax())
        if off[worst] <= tolerance**2:
            return curve, None
        if off[worst] > (RETRY_WITHIN * tolerance) ** 2:
            break
        at = _improve(curve, away, at)
    return curve, min(max(worst, 1), len(points) - 2)


def _is_straight(points: Points, tolerance: float) -> bool:
    chord = points[-1] - points[0]
    long = float(np.hypot(*chord))
    if not long:
        return False
    away = points - points[0]
    along = away @ chord / long
    aside = np.abs(away[:, 0] * chord[1] - away[:, 1] * chord[0]) / long
    return bool(aside.max() <= tolerance and along.min() > -tolerance and along.max() < long + tolerance)


def _solve(points: Points, at: NDArray[np.float64], start: Points, end: Points) -> NDArray[np.float64]:
    """Return the curve of least squares with these directions at its ends."""
    first, last = points[0], points[-1]
    s = 1 - at
    a0, a1 = (3 * at * s * s)[:, None] * start, (3 * at * at * s)[:, None] * end
    base = (s**3 + 3 * s * s * at)[:, None] * first + (at**3 + 3 * at * at * s)[:, None] * last
    rest = points - base
    c00, c01, c11 = (a0 * a0).sum(), (a0 * a1).sum(), (a1 * a1).sum()
    x0, x1 = (rest * a0).sum(), (rest * a1).sum()
    det = c00 * c11 - c01 * c01
    chord = float(np.hypot(*(last - first)))
    lengths = ((x0 * c11 - x1 * c01) / det, (c00 * x1 - c01 * x0) / det) if det > 1e-12 else (0.0, 0.0)
    extent = float(np.hypot(*np.ptp(points, axis=0)))
    if min(lengths) < 1e-6 * max(chord, extent) or max(lengths) > 2 * extent:
        lengths = (chord / 3, chord / 3)
    return np.stack([first, first + start * lengths[0], last + end * lengths[1], last])


def _improve(curve: NDArray[np.float64], off: Points, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return parameters of nearer points on the curve, by one step of Newton's method. `off` is how far the curve is
    from the points.
    """
    t, s = at[:, None], 1 - at[:, None]
    once = 3 * np.diff(curve, axis=0)
    twice = 2 * np.diff(once, axis=0)
    slope = s * s * once[0] + 2 * s * t * once[1] + t * t * once[2]
    bend = s * twice[0] + t * twice[1]
    top = (off * slope).sum(1)
    bottom = (slope * slope).sum(1) + (off * bend).sum(1)
    better = np.where(np.abs(bottom) > 1e-12, at - top / np.where(np.abs(bottom) > 1e-12, bottom, 1), at)
    return np.maximum.accumulate(np.clip(better, 0, 1))


def _unit(vector: Points) -> Points:
    length = float(np.hypot(*vector))
    return vector / length if length else np.array([1.0, 0.0])
