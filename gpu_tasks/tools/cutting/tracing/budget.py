"""Budgets: curves around shapes with a limited number of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from shapely import MultiPolygon

from gpu_tasks.activity import record_activity
from gpu_tasks.images.vectors.page import Ring, flatten
from gpu_tasks.tools.cutting.tracing.curves import fit_ring
from gpu_tasks.tools.cutting.tracing.flaws import check_kept
from gpu_tasks.tools.cutting.tracing.shapes import measure_area

TOLERANCE_MM = 0.05  # a machine's step is half of this, a blade's kerf twice
TOLERANCE_FACTOR = 2.0  # the tolerance grows by this factor until there are few enough nodes
MIN_RING_NODES = 3


def fit_within_budget(shapes: Sequence[MultiPolygon], max_nodes: int, max_tolerance_mm: float) -> list[list[Ring]]:
    """Return the closed paths of each shape, with at most `max_nodes` nodes in all, as finely as possible.

    If the largest tolerance gives too many nodes, the smallest paths are left out. A shape can then have none. Raises
    ImageFlawed if these are too much of the whole.
    """
    tolerance = min(TOLERANCE_MM, max_tolerance_mm)
    while True:
        fitted = [[fit_ring(ring, tolerance) for ring in list_rings(shape)] for shape in shapes]
        record_activity()
        if count_nodes(fitted) <= max_nodes:
            return fitted
        if tolerance >= max_tolerance_mm:
            return drop_smallest(fitted, max_nodes)
        tolerance = min(tolerance * TOLERANCE_FACTOR, max_tolerance_mm)


def list_rings(shape: MultiPolygon) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Yield the closed lines of a shape (points, 2), the first point repeated."""
    for piece in shape.geoms:
        for ring in (piece.exterior, *piece.interiors):
            yield np.array(ring.coords)


def count_nodes(fitted: Sequence[Sequence[Ring]]) -> int:
    """Count the nodes of paths."""
    return sum(len(ring) for rings in fitted for ring in rings)


def drop_smallest(fitted: Sequence[Sequence[Ring]], max_nodes: int) -> list[list[Ring]]:
    """Leave out the paths with the smallest areas until there are at most `max_nodes` nodes.

    Raises ImageFlawed if these are too much of the whole.
    """
    areas = {(shape, place): _measure(ring) for shape, rings in enumerate(fitted) for place, ring in enumerate(rings)}
    kept, left = set(), max_nodes
    for shape, place in sorted(areas, key=lambda key: -areas[key]):
        left -= len(fitted[shape][place])
        if left < 0:
            break
        kept.add((shape, place))
    # The largest path lies below the others, so it says nothing about them.
    lost, base = sum(area for key, area in areas.items() if key not in kept), max(areas.values())
    check_kept(sum(areas.values()) - base - lost, sum(areas.values()) - base, max_nodes)
    return [[ring for place, ring in enumerate(rings) if (shape, place) in kept] for shape, rings in enumerate(fitted)]


def _measure(ring: Ring) -> float:
    points = flatten(ring, TOLERANCE_MM)
    return measure_area(np.concatenate([points, points[:1]]))
