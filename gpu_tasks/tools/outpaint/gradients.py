"""Gradients towards an edge, measured over a wide band.

JPEG rounds the colours of blocks of 8 or 16 pixels. Within a strip of 30 columns, that is as much as a gradient
changes, and continued over some hundred columns it becomes a tint. Within half of a picture, it averages out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gpu_tasks.tools.outpaint.grounds import TOLERANCE, Values, choose_depth

Numbers: TypeAlias = NDArray[np.float64]
Cells: TypeAlias = NDArray[np.bool_]

CELL = 8  # pixels: the largest side of the cells whose mean colours are compared
AREA = 48  # pixels: the side of areas in which the blocks of a compression average out
MISFIT = 0.75  # of 255: deviation of areas from a surface that fits
WIDEST = 0.5  # share of the picture
MIN_GROUND = 0.5  # share of a band that must be ground
NEAR = 3 * TOLERANCE  # of 255: what new cells may differ from the surface of the narrower band
CURVED = 0.7  # a curved surface must leave at most so much of the variance that a straight one leaves
ROUNDING = 0.1  # of 255 squared: variance that needs no curved surface
CORRELATED = 4.0  # cells of one block of compression, which err together
CERTAIN = 2.0  # deviations: a change below it counts nothing
DEGREE = 2  # of the polynomial along the edge that the change towards it is


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A surface that is fitted to cells (rows, columns, channels). Each row has any colour, `bases` (rows, channels),
    and the change towards the edge has `factors` (terms, channels).

    `rest` is what it leaves of each cell, `ground` are the cells on it, and `inverse` is that of the normal matrix.
    """

    bases: Numbers
    factors: Numbers
    rest: Numbers
    ground: Cells
    inverse: Numbers

    @property
    def variance(self) -> Numbers:
        """What the surface leaves of the ground, for each channel."""
        return np.asarray((self.rest[self.ground] ** 2).mean(0))


def measure_slope(picture: Values) -> Values:
    """Return the change of each row's colour per pixel at the right edge, (height, channels).

    A smooth surface is fitted to the ground next to the edge, and then to wider bands as long as it fits them. What
    rounding could have caused counts less or nothing.
    """
    height, width, channels = picture.shape
    cell = max(1, min(CELL, choose_depth(width) // 2, height // 8))
    means = average_cells(picture[:, ::-1], cell)
    rows = np.linspace(-1, 1, len(means))
    slope, surface = np.zeros((height, channels)), None
    for columns in list_bands(choose_depth(width) // cell, min(means.shape[1], ceil(WIDEST * width / cell))):
        band, terms = means[:, :columns], build_terms(rows, columns)
        near = np.ones(band.shape[:2], bool) if surface is None else find_near(surface, terms, band)
        wider = choose_surface(terms, band, near, may_curve=surface is not None)
        if wider is None or (surface and measure_misfit(wider, max(2, AREA // cell)) > MISFIT):
            break
        surface = wider
        slope = measure_certain_change(surface, np.linspace(-1, 1, height)) / cell
    return slope.astype(np.float32)


def list_bands(first: int, last: int) -> Iterator[int]:
    """Yield the widths of bands, each twice as wide as the one before, up to the last. One column has no change."""
    columns = max(2, first)
    while columns < last:
        yield columns
        columns *= 2
    if last > 1:
        yield last


def average_cells(picture: NDArray[np.floating[Any]], cell: int) -> Numbers:
    """Return the mean colours of square cells (rows, columns, channels). What is left over at the far ends is cut."""
    height, width = (side // cell * cell for side in picture.shape[:2])
    cells = picture[:height, :width].reshape(height // cell, cell, width // cell, cell, -1)
    return np.asarray(cells.mean((1, 3), dtype=np.float64))


def build_terms(rows: Numbers, columns: int) -> Numbers:
    """Return the terms of a surface for cells (rows, columns, terms): those of the change, and those of its curvature.

    The first column has the place 0, and the edge is half a cell before it.
    """
    towards = -np.arange(columns) - 0.5
    along = [rows[:, None] ** degree for degree in range(DEGREE + 1)]
    return np.stack([each * towards**power for power in (1, 2) for each in along], 2)


def find_near(surface: Surface, terms: Numbers, cells: Numbers) -> Cells:
    """Return which cells are near a surface, continued."""
    continued = surface.bases[:, None] + terms[..., : len(surface.factors)] @ surface.factors
    return np.asarray(np.abs(cells - continued).max(2) <= NEAR)


def choose_surface(terms: Numbers, cells: Numbers, near: Cells, *, may_curve: bool) -> Surface | None:
    """Fit a surface without curvature, or a curved one if the cells need it. Returns None if too few are ground."""
    straight = fit_surface(terms[..., : DEGREE + 1], cells, near)
    if not may_curve or (straight and straight.variance.max() <= ROUNDING):
        return straight
    curved = fit_surface(terms, cells, near)
    if straight and (curved is None or curved.variance.sum() > CURVED * straight.variance.sum()):
        return straight
    return curved


def fit_surface(terms: Numbers, cells: Numbers, near: Cells) -> Surface | None:
    """Fit a surface to the cells near it, and without those that it does not fit."""
    ground = near
    for _ in range(3):
        if ground.mean() < MIN_GROUND:
            return None
        # A row's own colour is the mean of what is left of it, so the fit is one of differences from the row's means.
        term_means, cell_means = average_rows(terms, ground), average_rows(cells, ground)
        own = (terms - term_means[:, None])[ground]
        inverse: Numbers = np.asarray(np.linalg.pinv(own.T @ own), np.float64)
        factors = inverse @ own.T @ (cells - cell_means[:, None])[ground]
        bases = cell_means - term_means @ factors
        rest = cells - bases[:, None] - terms @ factors
        ground = np.abs(rest).max(2) <= TOLERANCE
    if ground.mean() < MIN_GROUND:
        return None
    return Surface(bases=bases, factors=factors, rest=rest, ground=ground, inverse=inverse)


def average_rows(values: Numbers, ground: Cells) -> Numbers:
    """Return the mean of the ground in each row, (rows, n)."""
    return np.asarray((values * ground[..., None]).sum(1) / np.maximum(1, ground.sum(1))[:, None])


def measure_misfit(surface: Surface, side: int) -> float:
    """Return the deviation of areas of `side` x `side` cells from a surface, in the worst channel."""
    weights = surface.ground.astype(np.float64)[..., None]
    side = min(side, *weights.shape[:2])
    share = average_cells(weights, side)
    areas = average_cells(surface.rest * weights, side) / np.maximum(share, MIN_GROUND)
    return float(np.sqrt((areas**2 * share).sum((0, 1)) / share.sum()).max())


def measure_certain_change(surface: Surface, y: Numbers) -> Numbers:
    """Return the change per cell at the edge, (places, channels), without what can be an error of the fit."""
    towards = np.stack([y**degree for degree in range(DEGREE + 1)], 1)
    change = towards @ surface.factors[: DEGREE + 1]
    inverse = surface.inverse[: DEGREE + 1, : DEGREE + 1]
    spread = np.einsum("hi,ij,hj->h", towards, inverse, towards).mean()
    error = CERTAIN**2 * CORRELATED * spread * surface.variance
    return np.asarray(change * np.clip(1 - error / np.maximum((change**2).mean(0), 1e-12), 0, 1))
